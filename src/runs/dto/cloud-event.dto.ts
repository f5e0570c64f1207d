import type { Type } from '@nestjs/common';
import { ApiProperty, type ApiResponseOptions, getSchemaPath } from '@nestjs/swagger';
import type { CloudEvent, JsonObject } from '../../events/index.js';
import { CLOUD_EVENTS_MEDIA_TYPE } from '../cloud-events/takes-cloud-events.js';
import { JSON_OBJECT } from './schemas.js';

/** An event as a CloudEvent. Extensions for what is text in the event's source and context come with it. */
export class CloudEventResponse implements CloudEvent {
  @ApiProperty({ enum: ['1.0'] })
  specversion!: '1.0';
  @ApiProperty({ example: '1795279279000-42' })
  id!: string;
  @ApiProperty({ format: 'uri-reference', example: '/runs/r0_01kbz6v2m8e7q9n4t3x5c1d2fa' })
  source!: string;
  @ApiProperty({ example: 'llm.stream' })
  type!: string;
  @ApiProperty({ format: 'date-time' })
  time!: string;
  @ApiProperty({ enum: ['application/json'] })
  datacontenttype!: 'application/json';
  @ApiProperty(JSON_OBJECT)
  data!: JsonObject;
  @ApiProperty({ example: '0000000000000042', description: 'Texts are in the order of the events.' })
  sequence!: string;
  @ApiProperty({ example: 'default' })
  tenantid!: string;
  [extension: string]: unknown;
}

/** The answer of a history: a page of ours, or a batch of CloudEvents. Both models are named in `@ApiExtraModels`. */
export function eventPage(page: Type, description: string): ApiResponseOptions {
  return {
    status: 200,
    description,
    headers: {
      Link: {
        description: 'With a batch of CloudEvents: the next page, `rel="next"`; absent on the last one.',
        schema: { type: 'string' },
      },
    },
    content: {
      'application/json': { schema: { $ref: getSchemaPath(page) } },
      [CLOUD_EVENTS_MEDIA_TYPE]: {
        schema: { type: 'array', items: { $ref: getSchemaPath(CloudEventResponse) } },
      },
    },
  };
}
