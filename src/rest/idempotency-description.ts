import {
  type AnswerDescription,
  type JsonSchema,
  jsonAnswer,
  type ParameterDescription,
} from '../openapi/endpoint-description.ts';

/** The header that makes a write be carried out once, however often it is sent. */
export const idempotencyHeader: Readonly<Record<string, ParameterDescription>> = {
  'Idempotency-Key': {
    description:
      'Send the same request again under the same key: it is carried out once, and answered as it was. A UUID does.',
    schema: { type: 'string', minLength: 1, maxLength: 255 },
  },
};

/** What a write with a key may also be refused for: the key came with another request; what was answered is not kept any more. */
export const keyReused = 'IDEMPOTENCY_KEY_REUSED';
export const answerGone = { 410: ['HISTORY_GONE'] } as const;

/** The answer of a write that takes a key. */
export function writeAnswer(description: string, schema: JsonSchema): AnswerDescription {
  return {
    ...jsonAnswer(description, schema),
    headers: {
      'Idempotent-Replayed': {
        description: 'The answer is that of an earlier request under the same key',
        schema: { const: 'true' },
      },
    },
  };
}
