import type { Endpoint } from './endpoint-catalog.ts';
import { type AnswerDescription, jsonAnswer, type ParameterDescription, tags } from './endpoint-description.ts';
import { errorSchema } from './error-schema.ts';
import { SchemaCollector } from './schema-collector.ts';

/**
 * The OpenAPI 3.1 document of these endpoints.
 * @throws {TypeError} when a path and what is said of its parameters differ.
 */
export function openApiDocument(endpoints: readonly Endpoint[], version: string): object {
  const collector = new SchemaCollector();
  const paths: Record<string, Record<string, object>> = {};
  for (const endpoint of endpoints) {
    const path = endpoint.path.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [endpoint.method.toLowerCase()]: operationOf(endpoint, collector) };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'YaraDB',
      version,
      description: introduction,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'This server' }],
    tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
    paths,
    components: { schemas: collector.schemas, securitySchemes: { token: tokenScheme } },
    security: [{ token: [] }],
  };
}

const tokenScheme = {
  type: 'http',
  scheme: 'bearer',
  description: 'A token, as `yaradb token create` prints it, or a JWT. A server without authentication asks for none.',
};

const introduction = `A document database server.

**Numbers are exact.** An integer in a document's body has any number of digits, and comes back with all of them. Many JSON parsers,
\`JSON.parse\` among them, round integers beyond 2^53: read answers with one that keeps them, if your documents have such integers. All
other integers of this document (versions, sequences, counts) are below 2^53.

**Versions.** Every change names the version that it is based on. When somebody else was faster it is refused with
409 (\`VERSION_CONFLICT\`): read the document again and repeat.

**Access.** Where the server asks for tokens, a request without one gets 401 (\`UNAUTHENTICATED\`), one whose role is too small 403
(\`FORBIDDEN\`), and whoever sends many that are not valid 429 (\`RATE_LIMITED\`).

**Errors** are \`{"detail": "…", "code": "…"}\` and their evidence. Every answer has an \`X-Request-Id\`, which the server's log knows, too.`;

const anyFailure = jsonAnswer('Any other failure', errorSchema);

function operationOf({ path, description, openToAll }: Endpoint, collector: SchemaCollector): object {
  const { operationId, tag, summary, details, body, answers, refusals = {}, otherwise = anyFailure } = description;
  const content = (answer: AnswerDescription) => ({
    description: answer.description,
    ...(answer.headers === undefined ? {} : { headers: headersOf(answer.headers, collector) }),
    content: Object.fromEntries(
      Object.entries(answer.content).map(([type, schema]) => [type, { schema: collector.collect(schema) }]),
    ),
  });
  const refused = Object.entries(refusals).map(([status, codes]) => [
    status,
    content(jsonAnswer(codes.map((code) => `\`${code}\``).join(', '), errorSchema)),
  ]);
  return {
    operationId,
    tags: [tag],
    summary,
    ...(details === undefined ? {} : { description: details }),
    parameters: parametersOf(path, description, collector),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: collector.collect(body.schema), example: body.example } },
          },
        }),
    ...(openToAll ? { security: [] } : {}),
    responses: {
      ...Object.fromEntries(Object.entries(answers).map(([status, answer]) => [status, content(answer)])),
      ...Object.fromEntries(refused),
      default: content(otherwise),
    },
  };
}

function headersOf(headers: Readonly<Record<string, ParameterDescription>>, collector: SchemaCollector): object {
  return Object.fromEntries(
    Object.entries(headers).map(([name, { description, schema }]) => [
      name,
      { description, schema: collector.collect(schema) },
    ]),
  );
}

function parametersOf(
  path: string,
  { path: inPath = {}, query = {}, header = {} }: Endpoint['description'],
  collector: SchemaCollector,
) {
  const named = Array.from(path.matchAll(/:(\w+)/g), ([, name = '']) => name);
  const described = Object.keys(inPath);
  if (named.toSorted().join() !== described.toSorted().join()) {
    throw new TypeError(`${path} has the parameters ${named.join()}, and described are ${described.join()}`);
  }
  const list = (place: string, parameters: Readonly<Record<string, ParameterDescription>>) =>
    Object.entries(parameters).map(([name, { description, schema, required = place === 'path' }]) => ({
      name,
      in: place,
      description,
      required,
      schema: collector.collect(schema),
    }));
  return [...list('path', inPath), ...list('query', query), ...list('header', header)];
}
