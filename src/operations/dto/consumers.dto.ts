import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { QueryInteger, Text } from '../../http/index.js';
import { GroupMemberDto } from './members.dto.js';

export class ConsumerDto {
  @ApiProperty({ description: 'One for each start of a process.', example: 'worker-1-4711-0b0c7a.30000' })
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

export class TenantRatesDto {
  @ApiProperty({
    type: 'number',
    example: 12.5,
    description: 'Events that came into the journal, of any type.',
  })
  appended_per_second!: number;
  @ApiProperty({
    type: 'number',
    nullable: true,
    example: 12.5,
    description:
      'Events that the group was done with: handled, dead-lettered, of a type that it does not want, or deleted. Null ' +
      'when nothing tells.',
  })
  handled_per_second!: number | null;
}

export class TenantSampleDto {
  @ApiProperty({ format: 'date-time' })
  at!: string;
  @ApiProperty({
    type: TenantRatesDto,
    nullable: true,
    description: 'Since the sample before; null for the first.',
  })
  rates!: TenantRatesDto | null;
  @ApiProperty({ type: 'integer', description: 'As in the group.' })
  lag!: number;
  @ApiProperty({ type: 'integer', description: 'As in the group.' })
  lag_ms!: number;
  @ApiProperty({ type: 'integer', description: 'As in the group.' })
  pending!: number;
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
    type: [GroupMemberDto],
    description: 'The processes that run the group now, for any tenant.',
  })
  members!: GroupMemberDto[];
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
    description:
      'Milliseconds since the oldest event came that is not handled, given out or not; 0 when all are.',
  })
  lag_ms!: number;
  @ApiProperty({
    type: 'integer',
    nullable: true,
    description:
      'Milliseconds since the oldest pending event was appended, but for those that are tried again in more than an hour.',
  })
  oldest_pending_age_ms!: number | null;
  @ApiProperty({ type: 'integer', description: 'Of the pending ones: those that wait for another try.' })
  delayed_retries!: number;
  @ApiProperty({ type: 'integer' })
  dead_letters!: number;
  @ApiProperty()
  paused!: boolean;
  @ApiPropertyOptional({
    format: 'date-time',
    description: 'When it was paused; absent while it is not, or when an older version has paused it.',
  })
  paused_at?: string;
  @ApiPropertyOptional({
    description:
      'Who has paused it: id of a key, subject of a token. Absent as `paused_at` is, and where nobody has to say who they are.',
    example: 'rk_01kbz6v2m8',
  })
  paused_by?: string;
  @ApiProperty({ type: RecoveryDto, nullable: true, description: 'The last one that found something.' })
  last_recovery!: RecoveryDto | null;
  @ApiProperty({ type: TenantRatesDto, description: 'Over the last minute.' })
  rates!: TenantRatesDto;
}

export class ConsumerGroupTrendResponse extends ConsumerGroupResponse {
  @ApiProperty({
    type: [TenantSampleDto],
    description:
      'The last hour, one in ten seconds, oldest first; 360 at most. None of a time in which nothing came and nothing ' +
      'was left to do.',
  })
  samples!: TenantSampleDto[];
}

export class ConsumerGroupListResponse {
  @ApiProperty({ type: [ConsumerGroupResponse] })
  groups!: ConsumerGroupResponse[];
  @ApiProperty({ type: 'integer' })
  count!: number;
}

export class ListPendingQuery {
  @QueryInteger({ minimum: 1, maximum: 1000, default: 50 })
  limit: number = 50;

  @Text({ optional: true, description: '`next_cursor` of the page before.', maxLength: 255 })
  cursor?: string;
}

export const PENDING_STATES = ['waiting', 'running', 'suspect', 'abandoned', 'parked', 'delayed'] as const;

export class PendingEventResponse {
  @ApiProperty({ description: "Journal id of the event's entry.", example: '1795279279000-42' })
  entry!: string;
  @ApiProperty({ description: 'Whether it is a dead letter that was sent back.' })
  redriven!: boolean;
  @ApiProperty({ type: String, nullable: true, example: 'r0_01kbz6v2m8e7q9n4t3x5c1d2fa' })
  run_id!: string | null;
  @ApiProperty({ type: String, nullable: true, example: 'lifecycle.completed' })
  type!: string | null;
  @ApiProperty({ description: 'Who holds it, or held it last.', example: 'worker-1-4711-0b0c7a.30000' })
  consumer!: string;
  @ApiProperty({
    enum: PENDING_STATES,
    enumName: 'PendingState',
    description:
      '`waiting`: not begun (again) yet. `running`: begun, and without an outcome. `suspect`: begun alone, since a ' +
      'process died while it handled it. `abandoned`: begun, and its lease has ended, so another process will take it ' +
      'over. `parked`: in an ordered group, waits behind an earlier event of its run. `delayed`: waits for its next try.',
  })
  state!: (typeof PENDING_STATES)[number];
  @ApiProperty({ type: 'integer', description: 'Milliseconds since it was appended, or sent back.' })
  age_ms!: number;
  @ApiProperty({
    type: 'integer',
    description: 'Milliseconds since its consumer got it or renewed its lease.',
  })
  idle_ms!: number;
  @ApiProperty({ type: 'integer', description: 'How often it was begun.' })
  attempts!: number;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  next_try_at!: string | null;
  @ApiProperty({ type: String, nullable: true, description: 'Why the last attempt failed.' })
  last_error!: string | null;
}

export class PendingListResponse {
  @ApiProperty({ type: [PendingEventResponse] })
  pending!: PendingEventResponse[];
  @ApiProperty({ type: 'integer' })
  count!: number;
  @ApiProperty({ description: 'A page of large events may be short, and still have a next one.' })
  has_more!: boolean;
  @ApiProperty({ type: String, nullable: true })
  next_cursor!: string | null;
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
