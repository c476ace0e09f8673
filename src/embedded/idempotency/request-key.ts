import { Buffer } from 'node:buffer';
import { createHash, createHmac } from 'node:crypto';
import { type IdempotentRequest, operationOf } from '../../database/idempotent-request.ts';
import type { Operation } from '../../database/operation.ts';
import { canonicalize } from '../../document/canonical-json.ts';
import { keyDigestBytes } from '../log/record.ts';
import { readUuid } from '../log/uuid-bytes.ts';

/** A request with an idempotency key, as the log knows it (FORMAT.md, "Record", `putKey`). */
export interface RequestKey {
  readonly id: string;
  readonly text: string;
  /** In hex. */
  readonly digest: string;
}

/** @param principal its name. @throws {InvalidArgumentError} for a request that is no JSON. */
export function requestKey(principal: string, { key, request }: IdempotentRequest): RequestKey {
  return keyOf(principal, key, createHmac('sha256', key).update(canonicalize(request)).digest());
}

/** That of the request `requestOf(operations)`, in steps, one for each of them. */
export function* requestKeyInSteps(
  principal: string,
  key: string,
  operations: readonly Operation[],
): Generator<void, RequestKey> {
  const digest = createHmac('sha256', key);
  let separator = '[';
  for (const operation of operations) {
    digest.update(separator + canonicalize(operationOf(operation)));
    separator = ',';
    yield;
  }
  return keyOf(principal, key, digest.update(']').digest());
}

function keyOf(principal: string, key: string, digest: Buffer): RequestKey {
  return { id: keyId(principal, key), text: key, digest: digest.toString('hex', 0, keyDigestBytes) };
}

export function keyId(principal: string, key: string): string {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(Buffer.byteLength(principal));
  return readUuid(createHash('sha256').update(length).update(principal).update(key).digest(), 0);
}
