import { defineConfig } from 'vitest/config';
import unit from './vitest.config.ts';

const whole = { branches: 100 };

/**
 * Whether the tests reach every branch of what must never lose a commit: `npm run test:coverage`. What only a process that a test starts
 * runs does not count. A branch that no test over files reaches is one that cannot happen: it goes, or the test is missing.
 */
export default defineConfig({
  test: {
    ...unit.test,
    include: ['test/embedded/**/*.test.ts', 'test/fault/**/*.test.ts', 'test/golden/**/*.test.ts'],
    // They try what only processes show.
    exclude: ['test/embedded/{document-bytes,directory-lock}.test.ts', 'test/embedded/maintenance/tar.test.ts'],
    coverage: {
      enabled: true,
      provider: 'v8',
      include: ['src/embedded/**/*.ts'],
      reporter: ['text', 'json'],
      thresholds: {
        'src/embedded/log/**': whole,
        'src/embedded/snapshot/**': whole,
        // These only read: the worst that they can do is to refuse an answer.
        'src/embedded/history/!(commit-time|document-history|frame-scan|growing-index|history-reader|past-documents|past-memory).ts':
          whole,
        'src/embedded/{storage,commit-queue,state,heap}.ts': whole,
      },
    },
  },
});
