import { defineConfig } from 'vitest/config';
import unit from './vitest.config.ts';

/** Requests at random, for minutes: `npm run test:fuzz`. */
export default defineConfig({
  test: {
    ...unit.test,
    include: ['test/fuzz/**/*.fuzz.ts'],
    // The seed to try it again with belongs into the output.
    disableConsoleIntercept: true,
  },
});
