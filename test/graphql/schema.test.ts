import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { generate } from '@graphql-codegen/cli';
import { describe, expect, test } from 'vitest';
import codegenConfig from '../../codegen.ts';
import { defaultJsonLimits } from '../../src/document/json-parser.ts';
import { buildSchema } from '../../src/graphql/schema.ts';
import { printPublicSchema } from '../../src/graphql/schema-text.ts';

const root = new URL('../../', import.meta.url);
const read = (path: string): Promise<string> => readFile(new URL(path, root), 'utf8');

/** What to do about it stands in the failure itself. */
const remedy = 'It is out of date. If the change is meant, run: npm run codegen';

describe('the schema', () => {
  test('schema/schema.graphql is what the code says', async () => {
    expect(await read('schema/schema.graphql'), remedy).toBe(printPublicSchema());
  });

  test('the typed documents are what the schema and the operations say', async () => {
    const files = await generate({ ...codegenConfig, cwd: fileURLToPath(root), schema: printPublicSchema() }, false);
    expect(files.length).toBeGreaterThan(0);
    for (const { filename, content } of files) {
      expect(await read(filename.slice(filename.indexOf('test/generated/'))), `${filename}: ${remedy}`).toBe(content);
    }
  });

  test('two schemas made from different values live side by side', () => {
    const options = { jsonLimits: defaultJsonLimits };
    const [first, second] = [buildSchema(options), buildSchema(options)];
    expect(first).not.toBe(second);
    expect(first.getType('Document')).not.toBe(second.getType('Document'));
  });
});
