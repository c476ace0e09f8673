import type { AnswerDescription, EndpointDescription, JsonSchema } from '../openapi/endpoint-description.ts';

const resultSchema: JsonSchema = {
  title: 'GraphqlResult',
  type: 'object',
  properties: {
    data: { type: ['object', 'null'], additionalProperties: true },
    errors: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        required: ['message'],
        properties: {
          message: { type: 'string' },
          locations: { type: 'array', items: { type: 'object', additionalProperties: true } },
          path: { type: 'array', items: { type: ['string', 'integer'] } },
          extensions: {
            type: 'object',
            required: ['code'],
            properties: { code: { type: 'string', description: 'As in REST' } },
            additionalProperties: true,
          },
        },
      },
    },
    extensions: { type: 'object', additionalProperties: true },
  },
  anyOf: [{ required: ['data'] }, { required: ['errors'] }],
};

/** GraphQL over HTTP: the media type is what the client accepts. Whoever accepts Server-Sent Events gets those, of a subscription one for each event. */
function result(description: string): AnswerDescription {
  return {
    description,
    content: {
      'application/graphql-response+json': resultSchema,
      'application/json': resultSchema,
      'text/event-stream': { type: 'string' },
    },
  };
}

const answers = {
  200: result('What the operation gave'),
  400: result('It cannot be read, or does not fit the schema'),
  406: result('No media type that can be served is accepted'),
};
const otherwise = result('Any other failure');
const details =
  'As the GraphQL-over-HTTP specification has it; subscriptions over Server-Sent Events (graphql-sse, distinct connections) and WebSockets ' +
  '(`graphql-transport-ws`). The schema answers introspection.';

export const postGraphqlEndpoint: EndpointDescription = {
  operationId: 'postGraphql',
  tag: 'graphql',
  summary: 'Run an operation',
  details,
  body: {
    schema: {
      type: 'object',
      required: ['query'],
      properties: {
        query: { type: 'string' },
        operationName: { type: ['string', 'null'] },
        variables: { type: ['object', 'null'], additionalProperties: true },
        extensions: { type: ['object', 'null'], additionalProperties: true },
      },
    },
    example: { query: '{ findDocuments(first: 10) { totalCount nodes { id version body } } }' },
  },
  answers,
  otherwise,
};

export const getGraphqlEndpoint: EndpointDescription = {
  operationId: 'getGraphql',
  tag: 'graphql',
  summary: 'Run a query, or, in a browser, GraphiQL',
  details,
  query: {
    query: {
      description: 'A query, no mutation. A browser that asks for a page needs none.',
      schema: { type: 'string' },
    },
    operationName: { description: 'Which of several', schema: { type: 'string' } },
    variables: { description: 'A JSON object', schema: { type: 'string' } },
  },
  answers: {
    ...answers,
    405: result('A mutation, which takes a POST'),
    200: {
      description: 'What the query gave, or the page',
      content: { ...answers[200].content, 'text/html': { type: 'string' } },
    },
  },
  otherwise,
};
