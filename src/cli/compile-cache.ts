import { fileURLToPath } from 'node:url';

/**
 * Where Node keeps compiled code, so that the next start need not compile it again. It is with the program and not in the shared temporary
 * directory, where another user of the machine could put code in its place; where that cannot be written there is none.
 */
export const compileCacheDirectory = fileURLToPath(new URL('../../node_modules/.cache/yaradb', import.meta.url));
