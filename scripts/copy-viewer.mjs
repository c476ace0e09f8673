// Puts the files of Swagger UI that the server shows at /docs beside what the build emits, with their licence, so that neither the
// package nor the image needs the whole of it. Usage: node scripts/copy-viewer.mjs DIST
import { cpSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [, , dist = 'dist'] = process.argv;
const source = dirname(fileURLToPath(import.meta.resolve('swagger-ui-dist/package.json')));
const target = join(dist, 'openapi/viewer');
mkdirSync(target, { recursive: true });
for (const name of [
  'swagger-ui-bundle.js',
  'swagger-ui-bundle.js.LICENSE.txt',
  'swagger-ui.css',
  'LICENSE',
  'NOTICE',
]) {
  cpSync(join(source, name), join(target, name));
}
