import { type GraphQLSchema, specifiedDirectives } from 'graphql';
import type { JsonLimits } from '../document/json-parser.ts';
import { addAsOf } from './as-of.ts';
import { addDateTimeScalar } from './date-time-scalar.ts';
import { addDocument } from './document.ts';
import { addDocumentChanges } from './document-changes.ts';
import { addDocumentConnection } from './document-connection.ts';
import { addDocumentFilter } from './document-filter.ts';
import { addDocumentGroup } from './document-group.ts';
import { addDocumentHistory } from './document-history.ts';
import { explainDirective } from './explain-directive.ts';
import { addJsonScalar } from './json-scalar.ts';
import { addOperationInputs } from './operation-input.ts';
import { addSafeIntegerScalars } from './safe-integer-scalar.ts';
import { createSchemaBuilder } from './schema-builder.ts';
import { addServerStatus } from './server-status.ts';
import { addTable } from './table.ts';
import { addTransaction } from './transaction.ts';

/** What a schema is made from. Later: the tables whose documents have types of their own. */
export interface SchemaOptions {
  /** What a JSON literal may be like. */
  readonly jsonLimits: JsonLimits;
}

/** A new schema at each call: a server can swap one for another while it runs. */
export function buildSchema(options: SchemaOptions): GraphQLSchema {
  const builder = createSchemaBuilder();
  addJsonScalar(builder, options.jsonLimits);
  addDateTimeScalar(builder);
  addSafeIntegerScalars(builder);
  const inputs = addDocumentFilter(builder);
  const asOf = addAsOf(builder);
  const operations = addOperationInputs(builder);
  const document = addDocument(builder, { filter: inputs, asOf, operations });
  const connection = addDocumentConnection(builder, document, inputs, asOf);
  addDocumentHistory(builder, document, connection);
  addDocumentChanges(builder, document, inputs);
  addDocumentGroup(builder, inputs, asOf);
  addTransaction(builder, document, operations);
  addTable(builder, inputs);
  addServerStatus(builder);
  return builder.toSchema({ directives: [...specifiedDirectives, explainDirective] });
}
