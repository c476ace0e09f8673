import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { root } from './markdown-document.ts';

const run = promisify(execFile);

/** A directory with what examples find: a server's data, and an `npm` that knows `npm run -s yaradb`, without the seconds of the real one. */
export class Workplace {
  readonly directory = mkdtempSync(join(tmpdir(), 'yaradb-examples-'));
  readonly #bin = join(this.directory, 'bin');

  constructor() {
    mkdirSync(this.#bin);
    const npm = join(this.#bin, 'npm');
    const program = fileURLToPath(new URL('src/cli/main.ts', root));
    writeFileSync(
      npm,
      `#!/bin/bash\n[ "$1 $2 $3 $4" = "run -s yaradb --" ] || exit 64\nexec '${process.execPath}' '${program}' "\${@:5}"\n`,
    );
    chmodSync(npm, 0o755);
  }

  get dataDirectory(): string {
    return join(this.directory, 'data');
  }

  /** Runs a block as it is pasted, but for the server's address, and with a status of 400 or above turned into a failure. */
  async paste(
    block: string,
    url: string,
    variables: Readonly<Record<string, string>> = {},
  ): Promise<{ stdout: string; stderr: string }> {
    const text = block
      .replaceAll(/https?:\/\/127\.0\.0\.1:8000/g, url)
      .replaceAll('curl -s', 'curl --fail-with-body -s');
    const environment = {
      ...process.env,
      PATH: `${this.#bin}:${process.env.PATH}`,
      YARADB_PORT: new URL(url).port,
      YARADB_DATA_DIR: this.dataDirectory,
      ...variables,
    };
    // A bash whose standard input is a socket, as here, takes itself for a remote shell and reads the machine's bashrc.
    return run('bash', ['--norc', '-euo', 'pipefail', '-c', text], { cwd: this.directory, env: environment });
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true });
  }
}
