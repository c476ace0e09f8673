import { InvalidArgumentError } from '../errors.ts';

const canonicalForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const hyphenatedForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const plainForm = /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/i;
const wrappedForm = /^(?:urn:uuid:(.*)|\{(.*)\})$/i;

/**
 * The document id in what a client sent: a UUID of any version, in lower case. The forms that the Python predecessor
 * took are taken too: without hyphens, in braces, after `urn:uuid:`.
 *
 * Throws `InvalidArgumentError` for everything else; `path` is where the value stands.
 */
export function parseDocumentId(value: unknown, path: string): string {
  if (typeof value === 'string') {
    if (canonicalForm.test(value)) {
      return value;
    }
    const id = normalize(value);
    if (id !== undefined) {
      return id;
    }
  }
  throw new InvalidArgumentError(
    `${path === '' ? 'The value' : `'${path}'`} must be a UUID such as 00000000-0000-4000-8000-000000000000.`,
    { path, expected: 'a UUID' },
  );
}

function normalize(text: string): string | undefined {
  const wrapped = wrappedForm.exec(text);
  const uuid = wrapped?.[1] ?? wrapped?.[2] ?? text;
  if (hyphenatedForm.test(uuid)) {
    return uuid.toLowerCase();
  }
  return plainForm.exec(uuid)?.slice(1).join('-').toLowerCase();
}
