import { errorMeanings } from '../errors.ts';
import type { JsonSchema } from './endpoint-description.ts';

/** What every failure is answered with. */
export const errorSchema: JsonSchema = {
  title: 'Error',
  type: 'object',
  required: ['detail', 'code'],
  properties: {
    detail: { type: 'string', description: 'For people: what is wrong, and what to do. It may change.' },
    code: {
      type: 'string',
      enum: Object.keys(errorMeanings),
      description: `For programs: it does not change between major versions.\n\n${codeList()}`,
    },
  },
  additionalProperties: true,
  description:
    'Further members are the evidence: `path` and `expected` of what was wrong in a request, `limit` and `actual` of a limit, ' +
    '`expectedVersion` and `actualVersion` of a conflict, `operation` (the index) in a transaction, `retryAfterSeconds`, `requestId`.',
};

function codeList(): string {
  return Object.entries(errorMeanings)
    .map(([code, meaning]) => `- \`${code}\`: ${meaning}`)
    .join('\n');
}
