import { type AggregateInput, parseAggregate } from '../query/aggregate-parser.ts';
import type { DocumentGroup } from '../query/aggregate-query.ts';
import { type AsOfRef, asOfOf } from './as-of.ts';
import { type DocumentFilterInputs, filterOf } from './document-filter.ts';
import type { YaradbSchemaBuilder } from './schema-builder.ts';

/** Adds `DocumentGroup` and the field that groups documents. */
export function addDocumentGroup(builder: YaradbSchemaBuilder, inputs: DocumentFilterInputs, asOfInput: AsOfRef): void {
  const measure = builder.inputType('Measure', {
    description:
      'One of the measures, of the values at its path, and a name for the result. A list is one value. `sum` and `avg` pass over what is no ' +
      'number, `min` and `max` over null.',
    fields: (t) => ({
      count: t.boolean({ description: 'How many documents: `true`.' }),
      sum: t.string({ description: 'Exact for integers of any size.' }),
      avg: t.string(),
      min: t.string(),
      max: t.string(),
      distinct: t.string({ description: 'The values, each once, in their order.' }),
      as: t.string({ required: true }),
    }),
  });
  const order = builder.inputType('GroupOrder', {
    fields: (t) => ({
      by: t.string({ required: true, description: 'A path of `groupBy`, or the name of a measure.' }),
      direction: t.field({ type: inputs.direction, defaultValue: 'ASC' }),
    }),
  });
  const group = builder.objectRef<DocumentGroup>('DocumentGroup').implement({
    description: 'Documents with equal values at the paths of `groupBy`, and what they come to.',
    fields: (t) => ({
      key: t.expose('key', { type: 'JSON', description: 'The value at each path, such as {"city": "Kyiv"}.' }),
      values: t.expose('values', { type: 'JSON', description: 'The result of each measure, such as {"n": 3}.' }),
    }),
  });

  builder.queryField('aggregateDocuments', (t) =>
    t.field({
      type: [group],
      description: 'Without `table`: of all tables. Without `groupBy`: one group, of all documents that fit.',
      args: {
        table: t.arg.string(),
        filter: t.arg({ type: inputs.filter }),
        archived: t.arg({ type: inputs.archived, defaultValue: 'EXCLUDE' }),
        asOf: t.arg({ type: asOfInput }),
        groupBy: t.arg.stringList({ description: 'What is missing counts as null, and a list as one value.' }),
        measures: t.arg({ type: [measure], required: true }),
        orderBy: t.arg({ type: [order], description: 'Most significant first. By the key when left out.' }),
        first: t.arg.int({ description: 'All groups when left out.' }),
      },
      resolve: async (_root, { table, filter, archived, asOf, ...aggregate }, context) => {
        const { queryLimits } = context.services;
        const query = {
          table: table ?? undefined,
          filter: filterOf(filter, queryLimits.filter),
          archived: archived ?? 'EXCLUDE',
          ...parseAggregate(aggregate satisfies AggregateInput, queryLimits.aggregate),
        };
        return (await context.view(asOfOf(asOf))).aggregateDocuments(query);
      },
    }),
  );
}
