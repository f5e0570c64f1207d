import { ApiProperty, OmitType } from '@nestjs/swagger';
import { IsObject, IsOptional } from 'class-validator';
import {
  type JsonObject,
  MAX_RUN_KEY_LENGTH,
  MAX_TASK_LENGTH,
  RUN_STATUSES,
  type RunStatus,
} from '../../events/index.js';
import { Text } from '../../http/index.js';
import { EventContextInputDto, RunContextDto } from './context.dto.js';
import { JSON_OBJECT, JSON_VALUE, LABELS } from './schemas.js';

export class CreateRunDto {
  @Text({
    optional: true,
    nullable: true,
    minLength: 1,
    maxLength: 64,
    // No `default`: generators take a property with one for one that must be given.
    example: 'external',
    description:
      '`external`, which is the default: a producer outside appends the events. Any other is an executor of this ' +
      'deployment, which produces them.',
  })
  executor?: string | null;

  @Text({
    description: 'What the run is to do, for people.',
    minLength: 1,
    maxLength: MAX_TASK_LENGTH,
    example: 'Review the change',
  })
  task!: string;

  @Text({
    optional: true,
    nullable: true,
    minLength: 1,
    maxLength: MAX_RUN_KEY_LENGTH,
    description:
      "The caller's name for a line of runs, such as a chat or a build: printable characters. Any number of runs may " +
      'have the same; `GET /runs?key=…` lists them.',
    example: 'chat-42',
  })
  key?: string | null;

  @ApiProperty({
    ...JSON_OBJECT,
    selfRequired: false,
    description: "The executor's input: any JSON object of at most 1 MiB, returned as the same value.",
    example: { command: 'lint' },
  })
  @IsOptional()
  @IsObject()
  input?: JsonObject | null;

  @ApiProperty({
    ...LABELS,
    selfRequired: false,
    description: 'To find the run by (`?label=k:v`): at most 64.',
    example: { project: 'web' },
  })
  @IsOptional()
  @IsObject()
  labels?: JsonObject | null;

  @ApiProperty({ required: false, type: EventContextInputDto, nullable: true })
  @IsOptional()
  @IsObject()
  context?: EventContextInputDto | null;
}

export class CancelRunDto {
  @Text({ optional: true, nullable: true, maxLength: 1000, example: 'no longer needed' })
  reason?: string | null;
}

export class RunStatisticsDto {
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'integer' },
    description: 'Events by type; those of types beyond the first 200 together as `other`.',
    example: { 'lifecycle.started': 1, 'llm.stream': 240 },
  })
  events!: Record<string, number>;
}

/** The process that executes a run. */
export class RunHolderDto {
  @ApiProperty({
    example: 'worker-1-4242-a1b2c3',
    description: 'Its host, process id, and a name of this start.',
  })
  instance!: string;
  @ApiProperty({
    format: 'date-time',
    description: 'The run is its until then, if it sends no heartbeat before.',
  })
  lease_until!: string;
}

export class RunLinksDto {
  @ApiProperty({ example: '/runs/r0_01kbz6v2m8e7q9n4t3x5c1d2fa' })
  self!: string;
  @ApiProperty({ example: '/runs/r0_01kbz6v2m8e7q9n4t3x5c1d2fa/events' })
  events!: string;
  @ApiProperty({ example: '/runs/r0_01kbz6v2m8e7q9n4t3x5c1d2fa/events/stream' })
  stream!: string;
}

export class RunResponse {
  @ApiProperty({ example: 'r0_01kbz6v2m8e7q9n4t3x5c1d2fa' })
  id!: string;
  @ApiProperty({ example: 'default' })
  tenant_id!: string;
  @ApiProperty({ example: 'external' })
  executor!: string;
  @ApiProperty({ example: 'Review the change' })
  task!: string;
  @ApiProperty({ type: String, nullable: true, example: 'chat-42' })
  key!: string | null;
  @ApiProperty({ type: 'object', additionalProperties: true })
  input!: JsonObject;
  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } })
  labels!: Record<string, string>;
  @ApiProperty({ type: RunContextDto })
  context!: RunContextDto;
  @ApiProperty({ enum: RUN_STATUSES, enumName: 'RunStatus' })
  status!: RunStatus;
  @ApiProperty({
    type: 'integer',
    description: 'How often an executor has taken the run up; 1 for an external run.',
  })
  attempt!: number;
  @ApiProperty({ format: 'date-time' })
  created_at!: string;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  started_at!: string | null;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  completed_at!: string | null;
  @ApiProperty({ ...JSON_VALUE, description: 'What `lifecycle.completed` said: any JSON value.' })
  result!: unknown;
  @ApiProperty({ ...JSON_VALUE, description: 'What `lifecycle.failed` said: any JSON value.' })
  error!: unknown;
  @ApiProperty({ type: RunStatisticsDto })
  statistics!: RunStatisticsDto;
  @ApiProperty({ type: 'integer', description: 'Sequence of the last event.' })
  sequence!: number;
  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'Null without an event.' })
  last_event_at!: string | null;
  @ApiProperty({ type: RunHolderDto, nullable: true, description: 'Null when no process executes it.' })
  holder!: RunHolderDto | null;
  @ApiProperty({
    type: String,
    nullable: true,
    example: 'gate.approved',
    description:
      'The event types that its executor waits for, separated by commas; up to date within a second.',
  })
  waiting_for!: string | null;
  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'When the events go.' })
  expires_at!: string | null;
  @ApiProperty({ type: RunLinksDto })
  links!: RunLinksDto;
}

const LEFT_OUT = 'Left out when it has more than 1 KiB of JSON: `GET /runs/{run_id}` has it.';

/** A run in a list. */
export class RunListItem extends OmitType(RunResponse, ['input', 'result', 'error']) {
  @ApiProperty({ ...JSON_OBJECT, selfRequired: false, description: LEFT_OUT })
  input?: JsonObject;
  @ApiProperty({ ...JSON_VALUE, selfRequired: false, description: LEFT_OUT })
  result?: unknown;
  @ApiProperty({ ...JSON_VALUE, selfRequired: false, description: LEFT_OUT })
  error?: unknown;
}

export class RunListResponse {
  @ApiProperty({ type: [RunListItem] })
  runs!: RunListItem[];
  @ApiProperty({ type: 'integer' })
  count!: number;
  @ApiProperty({
    description: 'A page ends at 1 MiB; a filtered one may be short, or empty, and still have a next one.',
  })
  has_more!: boolean;
  @ApiProperty({ type: String, nullable: true })
  next_cursor!: string | null;
}

export class RunCountsResponse {
  @ApiProperty({ type: 'integer' })
  pending!: number;
  @ApiProperty({ type: 'integer' })
  running!: number;
  @ApiProperty({ type: 'integer', description: 'Since `since`, as `failed` and `cancelled`.' })
  completed!: number;
  @ApiProperty({ type: 'integer' })
  failed!: number;
  @ApiProperty({ type: 'integer' })
  cancelled!: number;
  @ApiProperty({ format: 'date-time', description: 'An hour ago.' })
  since!: string;
  @ApiProperty({ description: 'False when more than 2000 have ended: the others were not looked at.' })
  complete!: boolean;
}
