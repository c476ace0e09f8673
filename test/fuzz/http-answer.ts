export interface HttpAnswer {
  readonly status: number;
  /** Lower-case names; of one that comes twice the last. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
  /** Whether the server closes the connection after it. */
  readonly closes: boolean;
}

/**
 * The answer at the beginning of the bytes and how many of them it takes, or undefined when it is not all there yet. Interim answers (1xx) are
 * passed over.
 * @throws {SyntaxError} for what is no answer of HTTP/1.1.
 */
export function readAnswer(bytes: Buffer, method: string): { answer: HttpAnswer; length: number } | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const [line = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3}) [ -~]*$/.exec(line)?.[1]);
  if (Number.isNaN(status)) throw new SyntaxError(`Not a status line: ${JSON.stringify(line.slice(0, 200))}`);
  if (status < 200) {
    const later = readAnswer(bytes.subarray(end + 4), method);
    return later && { answer: later.answer, length: later.length + end + 4 };
  }
  const headers = new Map(lines.map(readHeader));
  const read = readBody(bytes, end + 4, headers, method === 'HEAD' || status === 204 || status === 304);
  if (read === undefined) return undefined;
  const closes = headers.get('connection') === 'close';
  return { answer: { status, headers, body: read.body, closes }, length: read.end };
}

function readHeader(line: string): [name: string, value: string] {
  const [, name, value] = /^([!#$%&'*+.^_`|~\w-]+): ?([\t\x20-\x7e\x80-\xff]*)$/.exec(line) ?? [];
  if (name === undefined || value === undefined) throw new SyntaxError(`Not a header: ${JSON.stringify(line)}`);
  return [name.toLowerCase(), value];
}

function readBody(
  bytes: Buffer,
  start: number,
  headers: ReadonlyMap<string, string>,
  isEmpty: boolean,
): { body: Buffer; end: number } | undefined {
  if (isEmpty) return { body: Buffer.alloc(0), end: start };
  if (headers.get('transfer-encoding') === 'chunked') return readChunks(bytes, start);
  const length = Number(headers.get('content-length'));
  if (!Number.isSafeInteger(length)) throw new SyntaxError('An answer that tells no length');
  const end = start + length;
  return end > bytes.length ? undefined : { body: bytes.subarray(start, end), end };
}

function readChunks(bytes: Buffer, start: number): { body: Buffer; end: number } | undefined {
  const chunks: Buffer[] = [];
  for (let at = start; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd === -1) return undefined;
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    if (Number.isNaN(size)) throw new SyntaxError('Not a chunk');
    const end = lineEnd + 2 + size + 2;
    if (end > bytes.length) return undefined;
    if (size === 0) return { body: Buffer.concat(chunks), end };
    chunks.push(bytes.subarray(lineEnd + 2, end - 2));
    at = end;
  }
}
