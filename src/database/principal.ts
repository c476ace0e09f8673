import { allRights, type Rights } from './rights.ts';

/** Who asks. Every call on a `Database` carries one, so that authorization has one place, below every API. */
export interface Principal {
  /** Written to the log with every commit. At most 255 bytes of UTF-8. */
  readonly name: string;
  /** What `AuthorizedDatabase` lets it do. An engine asks for none. */
  readonly rights: Rights;
  /**
   * Whether what it has shown still stands: a token that was not revoked and has not expired. To be asked by whatever answers for longer than one
   * request takes; absent, it does not end.
   */
  readonly isCurrent?: () => boolean;
}

/** Whoever asks where there is no authentication, and the server itself. It has all rights. */
export const anonymous: Principal = Object.freeze({ name: 'anonymous', rights: allRights });

/** Whether it is somebody of whom nothing is known: no token may have that name. */
export function isAnonymous({ name }: Principal): boolean {
  return name === anonymous.name;
}
