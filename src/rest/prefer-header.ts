import type { FastifyRequest } from 'fastify';
import type { ParameterDescription } from '../openapi/endpoint-description.ts';

/** The header by which a client says that it has no use for the documents that it has just written (RFC 7240, section 4.2). */
export const preferHeader: Readonly<Record<string, ParameterDescription>> = {
  Prefer: {
    description:
      'With `return=minimal` the answer is the commit without its documents: a loader of many knows what it has sent. The answer says `Preference-Applied`.',
    schema: { type: 'string', examples: ['return=minimal'] },
  },
};

export const minimalPreference = 'return=minimal';

/** Whether the client wants to be told that it is done, and no more. A preference is never refused: what is not known means nothing. */
export function prefersMinimal({ headers: { prefer } }: FastifyRequest): boolean {
  if (prefer === undefined) return false;
  const preferences = (Array.isArray(prefer) ? prefer.join() : prefer).split(',');
  return preferences.some((preference) => /^\s*return\s*=\s*"?minimal"?\s*(;|$)/i.test(preference));
}
