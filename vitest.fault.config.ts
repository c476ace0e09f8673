import { defineConfig } from 'vitest/config';
import unit from './vitest.config.ts';

/** The tests that break things, which take minutes: `npm run test:fault`. They run on the same terms as the others. */
export default defineConfig({
  test: {
    ...unit.test,
    include: ['test/fault/**/*.fault.ts'],
    // What was tried, and the seed to try it again with, belongs into the output.
    disableConsoleIntercept: true,
  },
});
