/** What is sent and what comes back, the same for our server and for every ceiling: a document of an ordinary size. */
export const sampleId = '019a4f0e-7b3c-7d21-9c55-0f6b6f0e8a11';

export const sampleBody = {
  username: 'alice',
  email: 'alice@example.com',
  level: 10,
  tags: ['admin', 'early'],
  address: { city: 'Kyiv', street: 'Khreshchatyk 1', zip: '01001' },
  balance: 41.5,
  active: true,
};

export const sampleAnswer = {
  _id: sampleId,
  name: 'user_account',
  body: sampleBody,
  body_hash: 'a9f8b0c1d2e3f405162738495a6b7c8d9eafb0c1d2e3f405162738495a6b7c8d',
  created_at: '2026-01-02T03:04:05.678Z',
  updated_at: null,
  version: 1,
  archived_at: null,
};

export const createRequest = JSON.stringify({ name: sampleAnswer.name, body: sampleBody });

export const bulkCreateDocuments = 100;
export const bulkCreateRequest = `[${Array(bulkCreateDocuments).fill(createRequest).join(',')}]`;

const getDocumentQuery =
  'query Get($id: ID!) { getDocument(id: $id) { id name body bodyHash version createdAt updatedAt archivedAt } }';

export function graphqlGetRequest(id: string): string {
  return JSON.stringify({ query: getDocumentQuery, variables: { id } });
}

/** Asks for all that the REST answer to a create has. */
export const graphqlCreateRequest = JSON.stringify({
  query: `mutation Create($name: String!, $body: JSON!) {
    createDocument(name: $name, body: $body) { id name body bodyHash version createdAt updatedAt archivedAt }
  }`.replace(/\s+/g, ' '),
  variables: { name: sampleAnswer.name, body: sampleBody },
});
