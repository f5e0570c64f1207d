import { ApiProperty } from '@nestjs/swagger';
import { Text } from '../../http/index.js';

export class ConsumerDto {
  @ApiProperty({ description: 'One for each start of a process.', example: 'worker-1-4711-0b0c7a' })
  name!: string;
  @ApiProperty({ type: 'integer', description: 'Events that it holds and that have no outcome.' })
  pending!: number;
  @ApiProperty({ type: 'integer', description: 'Milliseconds since it was last heard of.' })
  idle_ms!: number;
}

export class RecoveryDto {
  @ApiProperty({ format: 'date-time' })
  at!: string;
  @ApiProperty({ type: 'integer', description: 'Events that were taken over from others.' })
  claimed!: number;
  @ApiProperty({ type: 'integer', description: 'Of these: handled.' })
  processed!: number;
  @ApiProperty({ type: 'integer', description: 'Of these: handled before, or not wanted.' })
  skipped!: number;
  @ApiProperty({ type: 'integer', description: 'Of these: tried again later, or dead-lettered.' })
  failed!: number;
}

export class ConsumerGroupResponse {
  @ApiProperty({ example: 'billing' })
  group!: string;
  @ApiProperty({
    type: [String],
    description: 'Who handles it; empty when nobody is known to.',
    example: ['BillRun'],
  })
  handlers!: string[];
  @ApiProperty({
    type: [String],
    nullable: true,
    description: 'Event types that are handled; null for all that are in the journal.',
    example: ['lifecycle.completed'],
  })
  types!: string[] | null;
  @ApiProperty({ description: 'Whether a process handled it within the last minute.' })
  handled!: boolean;
  @ApiProperty({ type: [ConsumerDto] })
  consumers!: ConsumerDto[];
  @ApiProperty({
    type: 'integer',
    description: 'Events that were given out and have no outcome, those that wait for another try included.',
  })
  pending!: number;
  @ApiProperty({
    type: 'integer',
    description: 'Events that were not given out yet, redriven ones included.',
  })
  lag!: number;
  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'Milliseconds since the oldest pending event was appended.',
  })
  oldest_pending_age_ms!: number | null;
  @ApiProperty({ type: 'integer', description: 'Of the pending ones: those that wait for another try.' })
  delayed_retries!: number;
  @ApiProperty({ type: 'integer' })
  dead_letters!: number;
  @ApiProperty()
  paused!: boolean;
  @ApiProperty({ type: RecoveryDto, nullable: true, description: 'The last one that found something.' })
  last_recovery!: RecoveryDto | null;
}

export class ConsumerGroupListResponse {
  @ApiProperty({ type: [ConsumerGroupResponse] })
  groups!: ConsumerGroupResponse[];
  @ApiProperty({ type: 'integer' })
  count!: number;
}

export class ReplayDto {
  @Text({
    description:
      'Where to begin: the journal id of an event (`id:` of `GET /events/stream`), inclusive, or an ISO 8601 time.',
    minLength: 1,
    maxLength: 64,
    example: '2026-11-21T17:00:00.000Z',
  })
  from!: string;
}
