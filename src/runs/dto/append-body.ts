import { type ApiOperationOptions, getSchemaPath } from '@nestjs/swagger';
import { EventInputDto } from './event.dto.js';

const EVENT = { $ref: getSchemaPath(EventInputDto) };

const LINES = [
  '{"event":{"category":"llm","action":"stream"},"source":{"agent_id":"a1"},"data":{"content":"hello"}}',
  '{"event":{"category":"lifecycle","action":"completed"},"data":{"result":"hello"}}',
];

/** The bodies of an append. Written out, since `@ApiBody` gives every media type the same schema. */
export const APPEND_BODY: ApiOperationOptions['requestBody'] = {
  required: true,
  content: {
    'application/json': {
      schema: { oneOf: [EVENT, { type: 'array', minItems: 1, maxItems: 1000, items: EVENT }] },
    },
    'application/x-ndjson': {
      schema: { type: 'string', description: 'One `EventInputDto` as JSON on each line.' },
      example: LINES.map((line) => `${line}\n`).join(''),
    },
  },
};
