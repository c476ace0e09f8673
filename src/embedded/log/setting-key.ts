import { createHash } from 'node:crypto';
import { readUuid } from './uuid-bytes.ts';

/**
 * What a setting is kept under: the first 16 bytes of the SHA-256 of its name, in the form of a UUID, so that it is sorted and looked up like
 * everything else.
 */
export function settingKey(name: string): string {
  return readUuid(createHash('sha256').update(name).digest(), 0);
}
