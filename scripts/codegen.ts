/** Writes what is made from the code: `schema/schema.graphql`, and the typed documents of `codegen.ts` from it. */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { generate } from '@graphql-codegen/cli';
import config from '../codegen.ts';
import { printPublicSchema } from '../src/graphql/schema-text.ts';

const root = new URL('../', import.meta.url);
await writeFile(new URL('schema/schema.graphql', root), printPublicSchema());
await generate({ ...config, cwd: fileURLToPath(root) }, true);
