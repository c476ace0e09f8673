import type { Document } from '../document/document.ts';
import type { JsonValue } from '../document/json.ts';
import { type Path, readField } from '../document/path.ts';
import { someAtPath, toSteps } from './path-walk.ts';

/**
 * What an index on the path holds of a document: every value that an operator at this path is asked about, so that the index
 * answers what `compileFilter` would. That is each value that lists on the path lead to, a list at its end itself, and its
 * elements; undefined where it is missing. The same value may come twice, and a list that offers no value gives nothing.
 */
export function indexedValues(document: Document, path: Path): (JsonValue | undefined)[] {
  if (path.kind === 'field') return [readField(document, path.field)];
  const values: (JsonValue | undefined)[] = [];
  someAtPath(document.body, toSteps(path.keys), 0, true, (value) => {
    values.push(value);
    return false;
  });
  return values;
}
