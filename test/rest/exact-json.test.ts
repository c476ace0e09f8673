import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engineVariants } from '../support/engine-variant.ts';
import { type HttpAnswer, send } from '../support/http-client.ts';
import { type ListeningServer, startListeningServer } from '../support/listening-server.ts';

/** Values as their JSON text, in the spelling that they come back in. */
const exactValues: readonly (readonly [name: string, text: string])[] = [
  ['integers around 2^53', '[9007199254740991,9007199254740992,9007199254740993,-9007199254740993]'],
  ['integers of many digits', '[18446744073709551615,-123456789012345678901234567890,1152921504606846976]'],
  ['decimals', '[0.1,0.30000000000000004,1.7976931348623157e+308,5e-324,-2.5,1e+21]'],
  ['astral characters, controls and NUL', JSON.stringify('😀 𝒳 é \u0000 \u001f \u007f \u2028 \ufeff "\\/')],
  [
    'keys of prototypes',
    '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"toString":1,"hasOwnProperty":null}',
  ],
  ['keys like a thenable’s and a serializer’s', '{"then":1,"toJSON":"x","length":-1}'],
  ['empty ones', '{"":"","a":[],"b":{},"c":[[]],"d":[{}]}'],
  ['keys of operators and paths', '[{"$set":{"a.b":1},"$":0,"a\\\\b":[true,false,null]}]'],
];

const lone = '\\ud800';

describe.each(engineVariants)('JSON through REST and the %s', (_name, openEngine) => {
  let server: ListeningServer;

  beforeAll(async () => {
    server = await startListeningServer(openEngine);
  });

  afterAll(() => server.close());

  const create = (bodyText: string | Buffer): Promise<HttpAnswer> => {
    const envelope = ['{"name":"exact","table_name":"exact","body":', '}'];
    const bytes = Buffer.concat([
      Buffer.from(envelope[0] ?? ''),
      Buffer.from(bodyText),
      Buffer.from(envelope[1] ?? ''),
    ]);
    return send(`${server.url}/document/create`, { method: 'POST', body: bytes });
  };

  test.each(exactValues)('%s come back as they were, from create, get and find', async (_case, text) => {
    const created = await create(`{"value":${text}}`);
    expect(created.status).toBe(200);
    expect(created.text).toContain(`"body":{"value":${text}}`);
    const id = (created.json as { _id: string })._id;
    expect((await send(`${server.url}/document/get/${id}`)).text).toBe(created.text);
    const found = await send(`${server.url}/document/find`, { method: 'POST', body: `{"value":${text}}` });
    expect(found.text).toBe(`[${created.text}]`);
    expect(found.headers['content-length']).toBe(String(Buffer.byteLength(found.text)));
  });

  test('no prototype is changed by bodies, names, tables, parameters or paths', async () => {
    await create('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}');
    await send(`${server.url}/document/create`, {
      method: 'POST',
      body: '{"__proto__":{"polluted":1,"name":"n"},"name":"__proto__","table_name":"__proto__","body":{}}',
    });
    await send(`${server.url}/document/find?__proto__[polluted]=1&constructor=1`, {
      method: 'POST',
      body: '{"__proto__":{"polluted":1},"__proto__.polluted":1}',
    });
    await send(`${server.url}/document/get/__proto__`, { headers: { ['__proto__']: '1' } });
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(Object.prototype).not.toHaveProperty('polluted');
  });

  test('members are read from the request itself, never from what it inherits', async () => {
    const answer = await send(`${server.url}/document/create`, {
      method: 'POST',
      body: '{"__proto__":{"name":"n","body":{}}}',
    });
    expect(answer.status).toBe(422);
    expect(answer.json).toMatchObject({ path: 'name' });
  });

  test('a table named __proto__ is a table', async () => {
    const answer = await send(`${server.url}/document/create`, {
      method: 'POST',
      body: '{"table_name":"__proto__","body":{"a":1}}',
    });
    expect(answer.json).toMatchObject({ name: '__proto__', table_data: { name: '__proto__' } });
  });

  test('a body of the deepest nesting, and one of 50,000 keys, come back unchanged', async () => {
    const deep = `${'{"a":['.repeat(250)}1${']}'.repeat(250)}`;
    expect((await create(deep)).text).toContain(deep);
    const wide = JSON.stringify(Object.fromEntries(Array.from({ length: 50_000 }, (_, key) => [`key${key}`, key])));
    expect((await create(wide)).text).toContain(wide);
  });

  test.each([
    [
      'nesting beyond the limit',
      `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
      400,
      'LIMIT_EXCEEDED',
      /^body\.a\.0\.0/,
    ],
    ['an integer of too many digits', `{"a":1${'0'.repeat(2_000)}}`, 400, 'LIMIT_EXCEEDED', /^body\.a$/],
    ['a number that overflows', '{"a":[1,1e999]}', 422, 'INVALID_ARGUMENT', /^body\.a\.1$/],
    ['a lone surrogate', `{"a":{"b":"${lone}"}}`, 422, 'INVALID_ARGUMENT', /^body\.a\.b$/],
    ['a key that comes twice', '{"a":{"b":1,"b":1}}', 422, 'INVALID_ARGUMENT', /^body\.a\.b$/],
    ['__proto__ twice', '{"__proto__":1,"__proto__":2}', 422, 'INVALID_ARGUMENT', /^body\.__proto__$/],
    ['NaN', '{"a":NaN}', 422, 'INVALID_ARGUMENT', /^body\.a$/],
    ['a leading zero', '{"a":01}', 422, 'INVALID_ARGUMENT', /^body/],
    [
      'invalid UTF-8',
      Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d]),
      422,
      'INVALID_ARGUMENT',
      /^body\.a$/,
    ],
  ])('%s is refused with its path', async (_case, text, status, code, path) => {
    const answer = await create(text);
    expect(answer.status).toBe(status);
    expect(answer.json).toMatchObject({ detail: expect.any(String), code, path: expect.stringMatching(path) });
  });

  test('a byte-order mark is refused', async () => {
    const answer = await send(`${server.url}/document/create`, {
      method: 'POST',
      body: Buffer.from('\ufeff{"name":"n","body":{}}'),
    });
    expect(answer.status).toBe(422);
    expect(answer.json).toMatchObject({ code: 'INVALID_ARGUMENT', path: '' });
  });

  test('-0 is stored as 0', async () => {
    expect((await create('{"a":-0,"b":-0.0}')).text).toContain('"body":{"a":0,"b":0}');
  });
});
