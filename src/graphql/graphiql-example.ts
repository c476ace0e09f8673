/**
 * What GraphiQL opens with: four operations that a newcomer can run one after the other, exactly as they stand. The lines
 * fit into the editor's half of a usual window.
 */
export const graphiqlExample = `# Welcome to YaraDB. Press the button, or Ctrl+Enter,
# and choose what to run.

# 1. Store a document. The table is made on first use.
mutation CreateUser {
  createDocument(
    table: "users"
    name: "user"
    body: {
      username: "alice"
      level: 5
      tags: ["admin", "early"]
    }
  ) {
    id
    version
    body
    createdAt
  }
}

# 2. Find documents by what is in them.
query FindUsers {
  findDocuments(
    table: "users"
    filter: {
      and: [
        { path: "level", gte: 3 }
        { path: "tags", eq: "admin" }
      ]
    }
    orderBy: [{ path: "level", direction: DESC }]
    first: 10
  ) {
    totalCount
    nodes {
      id
      version
      username: value(path: "username")
      body
    }
  }
}

# 3. Get one document: put its id between the quotes.
query GetUser {
  getDocument(
    id: "00000000-0000-0000-0000-000000000000"
  ) {
    id
    table
    version
    body
    updatedAt
  }
}

# 4. Watch what changes. It goes on until you stop it:
# run it in one tab of the browser, and 1 in another.
subscription WatchUsers {
  changes(table: "users") {
    __typename
    ... on Progress {
      sequence
    }
    ... on ChangeSet {
      sequence
      changes {
        kind
        document {
          id
          body
        }
      }
    }
  }
}
`;
