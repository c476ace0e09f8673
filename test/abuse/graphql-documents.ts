/** Documents that cost those who take them more than those who send them. */
export const abusiveDocuments: Readonly<Record<string, string>> = {
  '10,000 aliases': `{ ${many(10_000, (index) => `a${index}:__typename`)} }`,
  '10,000 times the same field': `{ ${many(10_000, () => '__typename')} }`,
  '6,000 aliases of a mutation': `mutation { ${many(6_000, (index) => `a${index}:dropTable(name:"x")`)} }`,
  'doubled fragments': `{ ...F0 } ${many(30, (index) => `fragment F${index} on Query { ...F${index + 1} ...F${index + 1} }`)} fragment F30 on Query { __typename }`,
  'doubled fragments of fields': `{ ...F0 } ${many(15, (index) => `fragment F${index} on Query { a: tables { ...T } ...F${index + 1} ...F${index + 1} }`)} fragment F15 on Query { __typename } fragment T on Table { name }`,
  depth: `${'{ tables '.repeat(1_000)}${'}'.repeat(1_000)}`,
  'depth that the schema allows': `{ getDocument(id: "x") ${'{ history { nodes '.repeat(40)}{ id }${'} }'.repeat(40)} }`,
  'depth of inline fragments': `{ ${'... on Query {'.repeat(5_000)} __typename ${'}'.repeat(5_000)} }`,
  'circular fragments': '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }',
  'a fragment in itself': '{ ...A } fragment A on Query { ...A }',
  '20,000-deep lists': literal('['.repeat(20_000) + ']'.repeat(20_000)),
  '20,000-deep lists that never end': literal('['.repeat(20_000)),
  '20,000-deep objects': literal(`${'{a:'.repeat(20_000)}1${'}'.repeat(20_000)}`),
  '20,000-deep types of a variable': `query ($v: ${'['.repeat(20_000)}Int${']'.repeat(20_000)}) { __typename }`,
  '1,000 operations': many(1_000, (index) => `query Q${index} { __typename }`),
  '5,000 unknown fields': `{ ${many(5_000, (index) => `x${index}`)} }`,
  '5,000 fields that are in each other’s way': `{ ${many(5_000, (index) => `table(name:"${index}"){name}`)} }`,
  '2,400 fields that are in each other’s way': `{ ${many(2_400, (index) => `table(name:"${index}"){name}`)} }`,
  '70 times 70 fields that are merged into each other': `{ ${many(70, () => `table(name:"x"){${many(70, () => 'name')}}`)} }`,
  '250 times the same selection': `{ ${many(250, () => 'tables { name documentCount settings { readOnly } indexes { path kind } }')} }`,
  '90 fragments that are in each other’s way': `{ ${many(90, (index) => `...F${index}`)} } ${many(90, (index) => `fragment F${index} on Query { ${many(25, (field) => `table(name:"${index}.${field}"){name}`)} }`)}`,
  'a fragment that nothing spreads, of fields that are in each other’s way': `{ __typename } fragment F on Query { ${many(2_400, (index) => `table(name:"${index}"){name}`)} }`,
  '5,000 directives': `{ __typename ${'@include(if: true) '.repeat(5_000)} }`,
  '5,000 variables that nothing uses': `query (${many(5_000, (index) => `$v${index}: Int`)}) { __typename }`,
  '5,000 arguments': `{ table(${many(5_000, (index) => `a${index}: 1`)}) { name } }`,
};

function literal(text: string): string {
  return `mutation { createDocument(name: "n", body: {a: ${text}}) { id } }`;
}

function many(count: number, make: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => make(index)).join(' ');
}
