import { type ApiOperationOptions, getSchemaPath } from '@nestjs/swagger';
import { EventInputDto } from './event.dto.js';

type Body = NonNullable<ApiOperationOptions['requestBody']>;

const EVENT = { $ref: getSchemaPath(EventInputDto) };

const CHUNK = {
  event: { category: 'llm', action: 'stream' },
  source: { agent_id: 'a1' },
  data: { content: 'hello' },
};
const END = { event: { category: 'lifecycle', action: 'completed' }, data: { result: 'hello' } };

/** The JSON of an append. NDJSON has an operation of its own, `NDJSON_BODY`. */
export const JSON_BODY: Body = {
  required: true,
  content: {
    'application/json': {
      schema: { oneOf: [EVENT, { type: 'array', minItems: 1, maxItems: 1000, items: EVENT }] },
      examples: {
        one: { summary: 'One event', value: CHUNK },
        several: { summary: 'Several, the last of which ends the run', value: [CHUNK, END] },
      },
    },
  },
};

export const NDJSON_BODY: Body = {
  required: true,
  content: {
    'application/x-ndjson': {
      // `binary`, or clients would send it as one JSON string.
      schema: {
        type: 'string',
        format: 'binary',
        description: 'One `EventInputDto` as JSON on each line.',
      },
      example: [CHUNK, END].map((event) => `${JSON.stringify(event)}\n`).join(''),
    },
  },
};
