import { Source } from 'graphql';
import { describe, expect, test } from 'vitest';
import { defaultJsonLimits } from '../../src/document/json-parser.ts';
import { defaultGraphqlDocumentLimits, parseGraphqlDocument } from '../../src/graphql/document-limits.ts';
import { defaultOperationCacheLimits, OperationCache } from '../../src/graphql/operation-cache.ts';
import { PreparedDocument } from '../../src/graphql/prepared-document.ts';
import { buildSchema } from '../../src/graphql/schema.ts';

const schema = buildSchema({ jsonLimits: defaultJsonLimits });
const limits = defaultGraphqlDocumentLimits(defaultJsonLimits.nestingMax);
const prepare = (text: string) => new PreparedDocument(schema, parseGraphqlDocument(new Source(text), limits), []);
const text = (name: string) => `query ${name} { status { version } }`;

describe('the cache of operations', () => {
  function offer(cache: OperationCache, ...texts: readonly string[]): void {
    for (const given of texts) cache.offer(given, prepare(given));
  }

  test('keeps a text from the second time on', () => {
    const cache = new OperationCache();
    offer(cache, text('A'));
    expect(cache.get(text('A'))).toBeUndefined();
    const second = prepare(text('A'));
    cache.offer(text('A'), second);
    expect(cache.get(text('A'))).toBe(second);
  });

  test('keeps those that were used last', () => {
    const cache = new OperationCache({ ...defaultOperationCacheLimits, documentsMax: 2 });
    offer(cache, text('A'), text('A'), text('B'), text('B'));
    expect(cache.get(text('A'))).toBeDefined();
    offer(cache, text('C'), text('C'));
    expect(cache.get(text('A'))).toBeDefined();
    expect(cache.get(text('B'))).toBeUndefined();
  });

  test('is not emptied by texts that come once', () => {
    const cache = new OperationCache();
    offer(cache, text('A'), text('A'));
    const document = prepare(text('X'));
    for (let number = 0; number < 30_000; number += 1) cache.offer(text(`X${number}`), document);
    expect(cache.get(text('A'))).toBeDefined();
  });

  test('does not keep what takes much memory: by its text, or by what its fragments come to', () => {
    const cache = new OperationCache({ ...defaultOperationCacheLimits, documentBytesMax: 64 * 1024 });
    const long = `{ ${'status { version } '.repeat(50)} }`;
    const spread = `{ ${Array.from({ length: 10 }, (_, number) => `a${number}: status { ...F }`).join(' ')} }
      fragment F on ServerStatus { version engine epoch sequence documents durability uptimeSeconds writes }`;
    expect(spread.length).toBeLessThan(400);
    offer(cache, long, long, spread, spread, text('A'), text('A'));
    expect([long, spread, text('A')].map((given) => cache.get(given) !== undefined)).toEqual([false, false, true]);
  });

  test('has room for so many bytes', () => {
    const cache = new OperationCache({ ...defaultOperationCacheLimits, bytesMax: 64 * 1024 });
    const texts = Array.from({ length: 100 }, (_, number) => text(`A${number}`));
    offer(cache, ...texts, ...texts);
    const kept = texts.filter((given) => cache.get(given) !== undefined);
    expect(kept.length).toBeGreaterThan(5);
    expect(kept.length).toBeLessThan(20);
    expect(kept).toEqual(texts.slice(-kept.length));
  });
});
