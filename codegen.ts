import type { CodegenConfig } from '@graphql-codegen/cli';

/** Typed documents of the operations, for whoever calls the API from TypeScript. `npm run codegen` writes them. */
const config: CodegenConfig = {
  schema: 'schema/schema.graphql',
  documents: 'schema/operations/*.graphql',
  generates: {
    'test/generated/operations.ts': {
      plugins: ['typescript-operations', 'typed-document-node'],
      config: {
        documentMode: 'string', // What is sent is text: the tree of it would only be printed again.
        importExtension: '.ts',
        useTypeImports: true,
        enumsAsTypes: true,
        skipTypename: true,
        onlyOperationTypes: true,
        strictScalars: true,
        scalars: {
          JSON: 'unknown',
          DateTime: 'string',
          Sequence: 'number',
          SafeInt: 'number',
        },
      },
    },
  },
};

export default config;
