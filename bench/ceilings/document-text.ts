import { hash } from 'node:crypto';

export interface Create {
  readonly name: string;
  readonly body: object;
}

/** What a create answers: the hash of the body, and the document as text. Nothing is checked. */
export function documentText(id: string, { name, body }: Create): string {
  return JSON.stringify({
    _id: id,
    name,
    body,
    body_hash: hash('sha256', JSON.stringify(body)),
    created_at: new Date().toISOString(),
    updated_at: null,
    version: 1,
    archived_at: null,
  });
}
