import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Mutation, mutations } from '../test/fault/mutations.ts';

/**
 * Proof that the fault suite can fail: takes what durability rests on out of a copy of the project, one thing at a time, and runs the
 * suite on what is left. Ends with 1 when the suite passes without one of them, or fails with all of them.
 *
 * Run as `npm run test:mutation`; with a word behind `--`, only what has it in its name is removed. `FAULT_SEED` and `FAULT_RUNS` go to
 * the simulation.
 */
const tried = mutations.filter(({ removed }) => removed.includes(process.argv[2] ?? ''));

/** The parts of the suite that need neither servers nor rights: they run everywhere and within seconds. */
const suite = ['simulation', 'damage', 'chain', 'frame-in-document'];
const project = fileURLToPath(new URL('..', import.meta.url));
const environment = {
  ...process.env,
  FAULT_SEED: process.env.FAULT_SEED ?? '1',
  FAULT_RUNS: process.env.FAULT_RUNS ?? '3000',
};

interface Verdict {
  readonly failed: number;
  readonly passed: number;
  /** The first test that failed, and why. */
  readonly evidence: string;
}

interface SuiteReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly message: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly title: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

const copy = mkdtempSync(join(tmpdir(), 'yaradb-mutation-'));
try {
  copyProject();
  const whole = runSuite();
  print('nothing', whole);
  if (whole.failed > 0 || whole.passed === 0)
    throw new Error('the suite fails with nothing removed: there is nothing to prove');
  let survivors = 0;
  for (const mutation of tried) {
    const verdict = tryMutation(mutation);
    print(mutation.removed, verdict);
    if (verdict.failed === 0) survivors += 1;
  }
  process.stdout.write(`\n${tried.length - survivors} of ${tried.length} removals noticed\n`);
  process.exitCode = survivors === 0 ? 0 : 1;
} finally {
  rmSync(copy, { recursive: true });
}

function copyProject(): void {
  const listed = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: project });
  if (listed.status !== 0) throw new Error(`git ls-files: ${listed.stderr}`);
  for (const file of String(listed.stdout).split('\0')) {
    if (!/^(src|test|scripts)\/|^[^/]+\.(ts|json)$/.test(file)) continue;
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(project, file), join(copy, file));
  }
  symlinkSync(join(project, 'node_modules'), join(copy, 'node_modules'));
}

function tryMutation({ removed, file, text, replacement }: Mutation): Verdict {
  const path = join(copy, file);
  const source = readFileSync(path, 'utf8');
  const places = source.split(text).length - 1;
  if (places !== 1) throw new Error(`'${removed}': the text to remove is ${places} times in ${file}, expected once`);
  try {
    writeFileSync(
      path,
      source.replace(text, () => replacement),
    );
    return runSuite();
  } finally {
    writeFileSync(path, source);
  }
}

/** @throws when the suite did not come to run a test: code that cannot be loaded proves nothing. */
function runSuite(): Verdict {
  const output = join(copy, 'report.json');
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'vitest.fault.config.ts', '--bail=1', ...suite];
  const reporter = ['--reporter=json', `--outputFile=${output}`];
  const run = spawnSync(process.execPath, [...vitest, ...reporter], { cwd: copy, env: environment, encoding: 'utf8' });
  const report = JSON.parse(readFileSync(output, 'utf8')) as SuiteReport;
  rmSync(output);
  const results = report.testResults.flatMap(({ assertionResults }) => assertionResults);
  const failure = results.find(({ status }) => status === 'failed');
  if (report.numPassedTests + report.numFailedTests === 0 || (run.status !== 0 && failure === undefined)) {
    throw new Error(
      `the suite could not be run: ${report.testResults.map(({ message }) => message).join('\n')}\n${run.stderr}`,
    );
  }
  const reason = failure?.failureMessages[0]?.split('\n')[0] ?? '';
  const evidence = failure === undefined ? '' : `${failure.title.slice(0, 60)}: ${reason.slice(0, 140)}`;
  return { failed: report.numFailedTests, passed: report.numPassedTests, evidence };
}

function print(removed: string, { failed, evidence }: Verdict): void {
  process.stdout.write(
    `| ${removed} | ${failed === 0 ? 'the suite passes' : 'the suite fails'} | ${evidence.replaceAll('|', '\\|')} |\n`,
  );
}
