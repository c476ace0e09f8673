import type { DocumentPage, ReadView } from '../database/database.ts';
import type { Document } from '../document/document.ts';
import { parsePath } from '../document/path.ts';
import { InvalidArgumentError } from '../errors.ts';
import { decodeCursor, encodeCursor } from '../query/cursor.ts';
import type { Order } from '../query/order.ts';
import { parsePageRequest } from '../query/page-request-parser.ts';
import type { DocumentRef } from './document.ts';
import type { DocumentConnection, DocumentConnectionRef } from './document-connection.ts';
import type { YaradbSchemaBuilder } from './schema-builder.ts';

/** Adds `Document.history`. */
export function addDocumentHistory(
  builder: YaradbSchemaBuilder,
  document: DocumentRef,
  connection: DocumentConnectionRef,
): void {
  builder.objectField(document, 'history', (t) =>
    t.field({
      type: connection,
      description:
        'This version and those before it, newest first, as far as they are kept: `oldest` in `status { history }` tells from which commit on.',
      args: { first: t.arg.int({ description: '100 when left out.' }), after: t.arg.string() },
      resolve: async (parent, { first, after }, context) => {
        const request = parsePageRequest({ first, after }, context.services.queryLimits.page);
        const newest = request.after === undefined ? parent.version : versionOf(request.after) - 1;
        const view = await context.viewWith(parent);
        return view === null
          ? new NoVersions(parent.sequence)
          : new VersionList(view, parent, Math.min(newest, parent.version), request.first ?? 0);
      },
    }),
  );
}

/** The versions of a document, of which the page is read only for fields that need it, and once. */
class VersionList implements DocumentConnection {
  readonly #view: ReadView;
  readonly #document: Document;
  /** The version that the page begins with. */
  readonly #newest: number;
  readonly #size: number;
  #page: Promise<DocumentPage> | undefined;

  constructor(view: ReadView, document: Document, newest: number, size: number) {
    this.#view = view;
    this.#document = document;
    this.#newest = newest;
    this.#size = size;
  }

  get sequence(): number {
    return this.#view.sequence;
  }

  page(): Promise<DocumentPage> {
    this.#page ??= this.#read();
    return this.#page;
  }

  cursor(document: Document): string {
    return encodeCursor(newestFirst, document);
  }

  async totalCount(): Promise<number> {
    const oldest = await this.#view.oldestDocumentVersion(this.#document.id);
    return oldest === null ? 0 : Math.max(0, this.#document.version - oldest + 1);
  }

  async #read(): Promise<DocumentPage> {
    // One more tells whether there is another page.
    const page = { before: this.#newest + 1, limit: this.#size + 1 };
    const found = await this.#view.documentHistory(this.#document.id, page);
    return {
      documents: found.slice(0, this.#size),
      hasNextPage: found.length > this.#size,
      hasPreviousPage: this.#newest < this.#document.version,
    };
  }
}

/** Of a document that was erased since it was read: its history went with it. */
class NoVersions implements DocumentConnection {
  readonly sequence: number;

  constructor(sequence: number) {
    this.sequence = sequence;
  }

  async page(): Promise<DocumentPage> {
    return { documents: [], hasNextPage: false, hasPreviousPage: false };
  }

  cursor(document: Document): string {
    return encodeCursor(newestFirst, document);
  }

  async totalCount(): Promise<number> {
    return 0;
  }
}

const newestFirst: readonly Order[] = [{ path: parsePath('$version', 'orderBy'), direction: 'DESC' }];

/** The version at which a cursor stands. @throws {InvalidArgumentError} */
function versionOf(cursor: string): number {
  const [version] = decodeCursor(newestFirst, cursor, 'after').keys;
  if (typeof version === 'number' && Number.isSafeInteger(version)) return version;
  throw new InvalidArgumentError('after: this is no cursor of a history', {
    path: 'after',
    expected: 'a cursor that a page of a history gave',
  });
}
