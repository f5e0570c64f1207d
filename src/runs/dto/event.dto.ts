import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { JsonObject } from '../../events/index.js';
import { JSON_OBJECT } from './schemas.js';
import { EventContextDto, EventContextInputDto } from './context.dto.js';

export class EventTypeDto {
  @ApiProperty({ example: 'llm', pattern: '^[a-z][a-z0-9_]{0,63}$' })
  category!: string;
  @ApiProperty({ example: 'stream', pattern: '^[a-z][a-z0-9_]{0,63}$' })
  action!: string;
}

export class EventSourceDto {
  @ApiProperty({ example: 'a1', maxLength: 255 })
  agent_id!: string;
  @ApiProperty({ required: false, minLength: 1, maxLength: 255 })
  agent_type?: string;
  @ApiProperty({ required: false, minLength: 1, maxLength: 255 })
  agent_name?: string;
  @ApiProperty({ required: false, minLength: 1, maxLength: 255 })
  team_name?: string;
}

export class EventSourceInputDto {
  @ApiProperty({ example: 'a1', minLength: 1, maxLength: 255 })
  agent_id!: string;
  @ApiProperty({ type: String, nullable: true, required: false, minLength: 1, maxLength: 255 })
  agent_type?: string | null;
  @ApiProperty({ type: String, nullable: true, required: false, minLength: 1, maxLength: 255 })
  agent_name?: string | null;
  @ApiProperty({ type: String, nullable: true, required: false, minLength: 1, maxLength: 255 })
  team_name?: string | null;
}

/** What a producer appends. It is checked by prepareEvent() of src/events; this class documents it. */
export class EventInputDto {
  @ApiProperty({ type: EventTypeDto })
  event!: EventTypeDto;
  @ApiProperty({
    type: EventSourceInputDto,
    required: false,
    nullable: true,
    description: 'Which agent said it. A lifecycle event without a source is that of the run.',
  })
  source?: EventSourceInputDto | null;
  @ApiProperty({
    ...JSON_OBJECT,
    selfRequired: false,
    nullable: true,
    description: 'Any JSON object of at most 1 MiB.',
    example: { content: 'hello' },
  })
  data?: JsonObject | null;
  @ApiProperty({ type: EventContextInputDto, required: false, nullable: true })
  context?: EventContextInputDto | null;
  @ApiProperty({ ...JSON_OBJECT, selfRequired: false, nullable: true })
  metadata?: JsonObject | null;
  @ApiProperty({
    type: String,
    required: false,
    nullable: true,
    format: 'date-time',
    description: 'When it happened; without a zone it is UTC. Default: when it was appended.',
  })
  timestamp?: string | null;
  @ApiProperty({
    type: String,
    required: false,
    nullable: true,
    minLength: 1,
    maxLength: 255,
    description: 'Unique in the run: an event whose key the run already has is not stored again.',
  })
  idempotency_key?: string | null;
}

/** What has no value is not there. */
export class EventResponse {
  @ApiProperty({ example: '1795279279000-42', description: 'Its second half is the sequence.' })
  id!: string;
  @ApiProperty({ example: 'r0_01kbz6v2m8e7q9n4t3x5c1d2fa' })
  run_id!: string;
  @ApiProperty({ example: 'default' })
  tenant_id!: string;
  @ApiProperty({ type: 'integer', example: 42, description: 'Counts from 1 without holes.' })
  sequence!: number;
  @ApiProperty({ format: 'date-time' })
  timestamp!: string;
  @ApiProperty({ type: EventTypeDto })
  event!: EventTypeDto;
  @ApiProperty({
    required: false,
    description: 'Which agent said it. Without one it is an event of the run.',
  })
  source?: EventSourceDto;
  @ApiProperty({ type: 'object', additionalProperties: true })
  data!: JsonObject;
  @ApiProperty({ required: false })
  context?: EventContextDto;
  @ApiProperty({ ...JSON_OBJECT, selfRequired: false })
  metadata?: JsonObject;
  @ApiProperty({ required: false, description: "The producer's, if it gave one." })
  idempotency_key?: string;
}

export class EventListResponse {
  @ApiProperty()
  run_id!: string;
  @ApiProperty({ type: [EventResponse] })
  events!: EventResponse[];
  @ApiProperty({ type: 'integer' })
  count!: number;
  @ApiProperty()
  has_more!: boolean;
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The first event of the next page: its `start_id`, or its `end_id` with `order=desc`.',
  })
  next_id!: string | null;
}

/** What an append with a `Lease-Token` is answered besides. */
export class LeaseStateDto {
  @ApiPropertyOptional({
    enum: ['running', 'completed', 'failed', 'cancelled'],
    description: 'Of the run, with a `Lease-Token`.',
  })
  status?: string;
  @ApiPropertyOptional({
    ...{ type: String, format: 'date-time', nullable: true },
    description: 'Until when the run is the worker’s, with a `Lease-Token`; null once it has ended.',
  })
  lease_expires_at?: string | null;
}

export class AppendResponse extends LeaseStateDto {
  @ApiProperty()
  run_id!: string;
  @ApiProperty({ type: 'integer', description: 'Events that are new in the log.' })
  count!: number;
  @ApiProperty({ type: 'integer', description: 'Events that were there already, by their idempotency key.' })
  duplicates!: number;
  @ApiProperty({ example: '1795279279000-42' })
  first_id!: string;
  @ApiProperty({ example: '1795279279000-42' })
  last_id!: string;
  @ApiProperty({ type: [String], description: 'One id for each event, in order.' })
  ids!: string[];
}

export class NdjsonAppendResponse extends LeaseStateDto {
  @ApiProperty()
  run_id!: string;
  @ApiProperty({ type: 'integer' })
  count!: number;
  @ApiProperty({ type: 'integer' })
  duplicates!: number;
  @ApiProperty({ type: String, nullable: true, description: 'Null when the request held no event.' })
  last_id!: string | null;
}
