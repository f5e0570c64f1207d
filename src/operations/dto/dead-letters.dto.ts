import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Length, Max, MaxLength, Min } from 'class-validator';
import type { RecordedEvent } from '../../events/index.js';

const GROUP = { description: 'Name of a consumer group.', maxLength: 63, example: 'billing' };
const TYPES = {
  required: false,
  description: 'Only these types, separated by commas: exact, or a category as `llm.*`.',
  example: 'llm.*,lifecycle.completed',
};
export const MAX_REDRIVES = 10_000;
const DEFAULT_REDRIVES = 1000;

export class ListDeadLettersQuery {
  @ApiProperty({ ...GROUP, required: false })
  @IsOptional()
  @IsString()
  @MaxLength(63)
  group?: string;

  @ApiProperty(TYPES)
  @IsOptional()
  @IsString()
  @MaxLength(4096)
  type?: string;

  @ApiProperty({ required: false, type: 'integer', minimum: 1, maximum: 1000, default: 50 })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1000)
  limit: number = 50;

  @ApiProperty({ required: false, description: '`next_cursor` of the page before.' })
  @IsOptional()
  @IsString()
  @MaxLength(255)
  cursor?: string;
}

export class DeleteDeadLettersQuery {
  @ApiProperty({ ...GROUP, required: true })
  @IsString()
  @Length(1, 63)
  group!: string;
}

export class RedriveDto {
  @ApiProperty(GROUP)
  @IsString()
  @Length(1, 63)
  group!: string;

  @ApiProperty({ ...TYPES, type: String, nullable: true })
  @IsOptional()
  @IsString()
  @MaxLength(4096)
  type?: string | null;

  @ApiProperty({
    required: false,
    type: 'integer',
    minimum: 1,
    maximum: MAX_REDRIVES,
    default: DEFAULT_REDRIVES,
    nullable: true,
    description: 'Send back so many at most, oldest first.',
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
    type: 'object',
    additionalProperties: true,
    nullable: true,
    description:
      'The event, as in `EventResponse`; null when it was trimmed before it was handled, or can not be read.',
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
