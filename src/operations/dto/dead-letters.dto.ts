import { ApiProperty } from '@nestjs/swagger';
import { IsInt, IsOptional, Max, Min } from 'class-validator';
import type { RecordedEvent } from '../../events/index.js';
import { QueryInteger, Text } from '../../http/index.js';
import { EventResponse } from '../../runs/index.js';

const GROUP = { description: 'Name of a consumer group.', minLength: 1, maxLength: 63 };
const TYPES = {
  optional: true,
  maxLength: 4096,
  description: 'Only these types, exact or a whole category: `llm.*,lifecycle.completed`.',
};
export const MAX_REDRIVES = 10_000;
const DEFAULT_REDRIVES = 1000;

export class ListDeadLettersQuery {
  @Text({ ...GROUP, optional: true })
  group?: string;

  @Text(TYPES)
  type?: string;

  @QueryInteger({ minimum: 1, maximum: 1000, default: 50 })
  limit: number = 50;

  @Text({
    optional: true,
    minLength: 1,
    maxLength: 255,
    description: '`next_cursor` of the page before.',
  })
  cursor?: string;
}

export class DeleteDeadLettersQuery {
  @Text(GROUP)
  group!: string;
}

export class RedriveDto {
  @Text({ ...GROUP, example: 'billing' })
  group!: string;

  @Text({ ...TYPES, nullable: true })
  type?: string | null;

  @ApiProperty({
    required: false,
    type: 'integer',
    minimum: 1,
    maximum: MAX_REDRIVES,
    nullable: true,
    description: `Send back so many at most, oldest first. Default: ${DEFAULT_REDRIVES}.`,
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_REDRIVES)
  limit?: number | null = DEFAULT_REDRIVES;
}

export class DeadLetterResponse {
  @ApiProperty({ example: 'billing.1795279279000-0' })
  id!: string;
  @ApiProperty({ example: 'billing' })
  group!: string;
  @ApiProperty({ description: "Journal id of the event's entry.", example: '1795279279000-42' })
  entry!: string;
  @ApiProperty({ type: String, nullable: true, example: 'r0_01kbz6v2m8e7q9n4t3x5c1d2fa' })
  run_id!: string | null;
  @ApiProperty({
    type: EventResponse,
    nullable: true,
    description: 'Null when it was trimmed before it was handled, or can not be read.',
  })
  event!: RecordedEvent | null;
  @ApiProperty({ description: 'Why it was given up.', example: 'connect ECONNREFUSED' })
  error!: string;
  @ApiProperty({ type: 'integer', description: 'How often it was begun.' })
  attempts!: number;
  @ApiProperty({ format: 'date-time' })
  first_failure_at!: string;
  @ApiProperty({ format: 'date-time' })
  last_failure_at!: string;
}

export class DeadLetterListResponse {
  @ApiProperty({ type: [DeadLetterResponse] })
  dead_letters!: DeadLetterResponse[];
  @ApiProperty({ type: 'integer' })
  count!: number;
  @ApiProperty({ description: 'A filtered page may be short, or empty, and still have a next one.' })
  has_more!: boolean;
  @ApiProperty({ type: String, nullable: true })
  next_cursor!: string | null;
}

export class RedriveResponse {
  @ApiProperty({ type: 'integer', description: 'Events that were sent back to the group.' })
  redriven!: number;
  @ApiProperty({ type: 'integer', description: 'Dead letters that stay, since their events were trimmed.' })
  trimmed!: number;
}
