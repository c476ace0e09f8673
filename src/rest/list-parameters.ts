import type { ParameterDescription } from '../openapi/endpoint-description.ts';

/** What every list takes after the `?`. */
export const listParameters: Readonly<Record<string, ParameterDescription>> = {
  include_archived: {
    description: 'Whether archived documents are in it',
    schema: { type: 'boolean', default: false },
  },
  sort_by: {
    description: 'A path, such as `address.city` or `$updatedAt`. Without it: the order of creation.',
    schema: { type: 'string' },
  },
  order: { description: 'Ascending or descending', schema: { type: 'string', enum: ['asc', 'desc'], default: 'asc' } },
  limit: { description: 'Most documents. Without it: all.', schema: { type: 'integer', minimum: 0 } },
  offset: { description: 'How many to pass over', schema: { type: 'integer', minimum: 0, default: 0 } },
};
