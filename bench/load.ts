import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Request {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** JSON of one line. */
  readonly body?: string;
  /** Shown as a bearer token. */
  readonly token?: string;
}

export interface Measurement {
  readonly requestsPerSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

export interface Load {
  readonly connections: number;
  readonly seconds: number;
}

/**
 * Sends some requests in turn, over and over, by `wrk`: written in C, it leaves the most of a shared machine to the server.
 * @throws {Error} when `wrk` is not installed, or when any answer was not a success: a fast error is no result.
 */
export async function measure(url: string, requests: readonly Request[], load: Load): Promise<Measurement> {
  const directory = await mkdtemp(join(tmpdir(), 'yaradb-bench-'));
  const script = join(directory, 'requests.lua');
  await writeFile(script, wrkScript(requests));
  try {
    const { stdout } = await run('wrk', [
      '--latency',
      '--threads=1',
      `--connections=${load.connections}`,
      `--duration=${load.seconds}s`,
      `--script=${script}`,
      url,
    ]);
    return parseReport(stdout);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw new Error('the bench needs `wrk` (https://github.com/wg/wrk; Debian, Ubuntu, Homebrew: package wrk)');
    }
    throw error;
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** The requests are printed before the load begins, so that many of them take no more of `wrk` than one. */
function wrkScript(requests: readonly Request[]): string {
  const lines = requests
    .map(({ method, path, body = '', token = '' }) => `${method}\t${path}\t${body}\t${token}\n`)
    .join('');
  return `
    local requests, number = {}, 0
    function init()
      local lines = [==[${lines}]==]
      for method, path, body, token in lines:gmatch("([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\n]*)\\n") do
        local headers = { ["Host"] = wrk.headers["Host"] }
        if token ~= "" then headers["authorization"] = "Bearer " .. token end
        if body ~= "" then headers["content-type"] = "application/json" end
        requests[#requests + 1] = wrk.format(method, path, headers, body ~= "" and body or nil)
      end
    end
    function request()
      number = number % #requests + 1
      return requests[number]
    end
    function done(summary, latency)
      local errors = summary.errors
      local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
      io.write(string.format("REPORT %f %f %f %d\\n", summary.requests / summary.duration * 1000000,
        latency:percentile(50) / 1000, latency:percentile(99) / 1000, failed))
    end`;
}

function parseReport(output: string): Measurement {
  const [requestsPerSecond, p50, p99, failed] = (/REPORT (.*)/.exec(output)?.[1] ?? '').split(' ').map(Number);
  if (requestsPerSecond === undefined || p50 === undefined || p99 === undefined || failed === undefined) {
    throw new Error(`wrk printed no report:\n${output}`);
  }
  if (failed > 0) throw new Error(`${failed} requests failed:\n${output}`);
  return { requestsPerSecond, p50, p99 };
}
