import { type DocumentNode, Kind, print, visit } from 'graphql';
import { stringifyJson } from '../document/json-serializer.ts';

/** A field that reads more than what it is given, and so may answer the same twice in different ways. */
const readingFields: ReadonlySet<string> = new Set(['history']);

/**
 * What a subscription selects of each event, so that those who select the same may share what is made of it, whatever their filters. Undefined when
 * that is not all that an answer depends on.
 * @param variables the values, by name, as they were coerced.
 */
export function selectionKey(
  document: DocumentNode,
  operationName: string | undefined,
  variables: Readonly<Record<string, unknown>>,
): string | undefined {
  const used = new Set<string>();
  let reads = false;
  const selections = document.definitions.flatMap((definition) => {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) return definition;
    const isMeant =
      definition.kind === Kind.OPERATION_DEFINITION &&
      (operationName ?? definition.name?.value) === definition.name?.value;
    return isMeant ? definition.selectionSet : [];
  });
  const texts = selections.map((selection) =>
    print(
      visit(selection, {
        // No other field of an event has this name.
        Field: (node) => {
          if (readingFields.has(node.name.value)) reads = true;
          return node.name.value === 'changes' ? { ...node, arguments: [] } : undefined;
        },
        Variable: ({ name }) => {
          used.add(name.value);
        },
      }),
    ),
  );
  if (reads) return undefined;
  return texts.join('\n') + stringifyJson([...used].sort().map((name) => [name, variables[name] ?? null]));
}
