import { lexicographicSortSchema, printSchema } from 'graphql';
import { defaultJsonLimits } from '../document/json-parser.ts';
import { buildSchema } from './schema.ts';

/** The public contract, as `schema/schema.graphql` holds it: SDL in alphabetical order, so that its changes read well. */
export function printPublicSchema(): string {
  return `${printSchema(lexicographicSortSchema(buildSchema({ jsonLimits: defaultJsonLimits })))}\n`;
}
