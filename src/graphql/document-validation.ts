import {
  type ASTNode,
  BREAK,
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  type ValidationRule,
  validate,
  visit,
} from 'graphql';
import { bodyPath } from '../document/path.ts';
import type { GraphqlDocumentLimits } from './document-limits.ts';

/**
 * The errors of a document, at most `errorsMax` and one that says so. One about a part of an argument tells in
 * `extensions.path` where in it: graphql-js itself tells the line and the column only.
 */
export function validateGraphqlDocument(
  schema: GraphQLSchema,
  document: DocumentNode,
  rules: readonly ValidationRule[],
  { errorsMax, introspection }: Pick<GraphqlDocumentLimits, 'errorsMax' | 'introspection'>,
): readonly GraphQLError[] {
  const isRefused = introspection === 'refused';
  const allRules = isRefused ? [...rules, refuseIntrospection] : rules;
  const errors = validate(schema, document, allRules, { maxErrors: errorsMax, hideSuggestions: isRefused });
  for (const error of errors) {
    const [node] = error.nodes ?? [];
    const path = node === undefined || !argumentParts.has(node.kind) ? undefined : argumentPathOf(document, node);
    if (path !== undefined) error.extensions.path = path;
  }
  return errors;
}

/** `__typename` tells no more than the client knows. */
const refuseIntrospection: ValidationRule = (context) => ({
  Field(node) {
    if (node.name.value !== '__schema' && node.name.value !== '__type') return;
    const message = 'Introspection is refused here: the server was started with --introspection refused';
    context.reportError(new GraphQLError(message, { nodes: node, extensions: { code: 'FORBIDDEN' } }));
  },
});

const argumentParts: ReadonlySet<string> = new Set([
  Kind.INT,
  Kind.FLOAT,
  Kind.STRING,
  Kind.BOOLEAN,
  Kind.NULL,
  Kind.ENUM,
  Kind.LIST,
  Kind.OBJECT,
  Kind.OBJECT_FIELD,
]);

/** The path from the argument's name to the node, such as `body.tags.3`; undefined when it is in no argument. */
function argumentPathOf(document: DocumentNode, target: ASTNode): string | undefined {
  let found: string | undefined;
  visit(document, {
    enter(node, _key, parent, path, ancestors) {
      // graphql-js replaces the variables in a literal by making its lists and objects anew, each with the old location.
      if (node !== target && (node.loc === undefined || node.loc !== target.loc)) return undefined;
      const keys: string[] = [];
      // From the root to the target; `path[index]` is the step that leads on from each of them.
      const way = [...ancestors, ...(parent === undefined ? [] : [parent]), node];
      for (const [index, ancestor] of way.entries()) {
        if (!('kind' in ancestor)) {
          if (path[index - 1] === 'values') keys.push(String(path[index]));
        } else if (ancestor.kind === Kind.ARGUMENT || ancestor.kind === Kind.OBJECT_FIELD) {
          keys.push(ancestor.name.value);
        }
      }
      if (keys.length > 0) found = bodyPath(keys).text;
      return BREAK;
    },
  });
  return found;
}
