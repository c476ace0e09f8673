/**
 * UTF-8, for a stream that is an answer. Of text Node's answers count the bytes, and the sockets below them the characters: where the first are more than both hold
 * at a time and the second are not, the answer waits for room of which the socket, never having been full, does not tell, and so for good.
 */
export function bytesOf(text: string): Buffer {
  return Buffer.from(text);
}
