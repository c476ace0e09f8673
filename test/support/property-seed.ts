/**
 * Runs before each file of tests: the seed of all property tests, where `PROPERTY_SEED` names one. Without it each run tries others. A property that
 * fails prints the seed and the path to its counterexample either way.
 */
const { PROPERTY_SEED } = process.env;
if (PROPERTY_SEED !== undefined) {
  const { configureGlobal, readConfigureGlobal } = await import('fast-check');
  configureGlobal({ ...readConfigureGlobal(), seed: Number(PROPERTY_SEED) });
}

export {};
