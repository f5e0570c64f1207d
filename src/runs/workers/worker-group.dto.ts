import { ApiProperty } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  Max,
  Min,
} from 'class-validator';
import { Text, WholeNumber } from '../../http/index.js';
import { EventInputDto, EventResponse } from '../dto/event.dto.js';
import { CreateRunDto } from '../dto/run.dto.js';
import { WorkerCallDto } from './worker.dto.js';

const MAX_DELAY_MS = 3_600_000;
const WAIT = `must be a whole number from 0 to ${MAX_DELAY_MS}`;
/** Of one call. */
const MOST_ITEMS = 100;

export class BackoffDto {
  @WholeNumber({
    minimum: 1,
    maximum: MAX_DELAY_MS,
    default: 1000,
    description: 'It doubles with each failure.',
  })
  initial_ms?: number | null;
  @WholeNumber({ minimum: 1, maximum: MAX_DELAY_MS, default: 60_000 })
  max_ms?: number | null;
}

export class PutGroupDto {
  @WholeNumber({
    ...{ minimum: 1, maximum: 1_000_000_000, default: 1 },
    description:
      'One that is lower than the stored one is refused: an older worker does not undo a newer one.',
  })
  version?: number | null;

  @ApiProperty({
    ...{ type: [String], required: false, nullable: true, example: ['lifecycle.completed', 'build.*'] },
    description: 'Which events, exact or as `build.*`. Default: all that are in the journal.',
  })
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MOST_ITEMS)
  types?: string[] | null;

  @ApiProperty({
    ...{ enum: ['now', 'start'], required: false, nullable: true, example: 'now' },
    description:
      'Where a new group begins: with what comes after this call, or with the oldest event. Default `now`.',
  })
  @IsOptional()
  @IsIn(['now', 'start'])
  from?: 'now' | 'start' | null;

  @ApiProperty({
    ...{ enum: ['none', 'run'], required: false, nullable: true, example: 'none' },
    description: '`run`: the events of a run are given out one after the other, in order. Default `none`.',
  })
  @IsOptional()
  @IsIn(['none', 'run'])
  ordering?: 'none' | 'run' | null;

  @WholeNumber({
    minimum: 1,
    maximum: 1000,
    default: 5,
    description: 'Failures after which an event is dead-lettered.',
  })
  max_attempts?: number | null;

  @ApiProperty({
    type: BackoffDto,
    required: false,
    nullable: true,
    description: 'How long a failed event waits.',
  })
  @IsOptional()
  @IsObject()
  backoff?: BackoffDto | null;

  @WholeNumber({
    ...{ minimum: 1, maximum: 3600, default: 60 },
    description: 'A worker that says nothing of an event for so long has lost it.',
  })
  lease_seconds?: number | null;
}

export class WorkerGroupResponse {
  @ApiProperty({ example: 'billing' })
  group!: string;
  @ApiProperty({ type: 'integer' })
  version!: number;
  @ApiProperty({ type: [String], nullable: true })
  types!: string[] | null;
  @ApiProperty({ enum: ['now', 'start'] })
  from!: 'now' | 'start';
  @ApiProperty({ enum: ['none', 'run'] })
  ordering!: 'none' | 'run';
  @ApiProperty({ type: 'integer' })
  max_attempts!: number;
  @ApiProperty({ type: BackoffDto })
  backoff!: { initial_ms: number; max_ms: number };
  @ApiProperty({ type: 'integer' })
  lease_seconds!: number;
}

export class TakeDeliveriesDto extends WorkerCallDto {
  @WholeNumber({ minimum: 1, maximum: MOST_ITEMS, default: 10, description: 'Most events.' })
  max?: number | null;
}

export class DeliveryDto {
  @ApiProperty({ example: '0j.1795279279000-42', description: 'The same for each attempt at this event.' })
  id!: string;
  @ApiProperty({ description: 'Of this attempt.' })
  token!: string;
  @ApiProperty({ type: 'integer', description: 'Counts from 1.' })
  attempt!: number;
  @ApiProperty({ format: 'date-time', description: 'Until when it is the worker’s, unless it is renewed.' })
  lease_expires_at!: string;
  @ApiProperty({ type: EventResponse })
  event!: object;
}

export class DeliveriesResponse {
  @ApiProperty({ type: [DeliveryDto] })
  deliveries!: DeliveryDto[];
}

export class HeldDeliveryDto {
  @Text({ minLength: 1, maxLength: 100, example: '0j.1795279279000-42' })
  id!: string;
  @Text({ minLength: 1, maxLength: 100 })
  token!: string;
}

export class PublishedEventDto extends EventInputDto {
  @ApiProperty({ description: 'Of the same partition as the event that was handled, whose own run is.' })
  run_id!: string;
}

export class SettlementDto extends HeldDeliveryDto {
  @ApiProperty({
    enum: ['success', 'retry', 'fail', 'release'],
    description:
      '`retry`: a failure that is tried again. `fail`: one that is dead-lettered at once. `release`: it was not begun, ' +
      'and another may have it at once.',
  })
  @IsIn(['success', 'retry', 'fail', 'release'])
  outcome!: 'success' | 'retry' | 'fail' | 'release';

  @ApiProperty({
    ...{ type: 'integer', minimum: 0, maximum: MAX_DELAY_MS, required: false, nullable: true },
    description: 'Of `retry`: how long it waits. Default: the group’s backoff.',
  })
  @IsOptional()
  @IsInt({ message: WAIT })
  @Min(0, { message: WAIT })
  @Max(MAX_DELAY_MS, { message: WAIT })
  delay_ms?: number | null;

  @Text({
    ...{ optional: true, nullable: true, minLength: 0, maxLength: 1000 },
    description: 'What went wrong, for operators.',
  })
  error?: string | null;

  @ApiProperty({
    ...{ type: [PublishedEventDto], required: false, nullable: true },
    description: 'Of `success`: events that are appended in the same step.',
  })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MOST_ITEMS)
  publish?: PublishedEventDto[] | null;

  @ApiProperty({
    ...{ type: [CreateRunDto], required: false, nullable: true },
    description: 'Of `success`: runs that are started in the same step.',
  })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MOST_ITEMS)
  start_runs?: CreateRunDto[] | null;
}

export class SettleDto {
  @ApiProperty({ type: [SettlementDto], minItems: 1, maxItems: MOST_ITEMS })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MOST_ITEMS)
  settlements!: SettlementDto[];
}

export class SettledDto {
  @ApiProperty({ example: '0j.1795279279000-42' })
  id!: string;
  @ApiProperty({
    enum: ['ok', 'dead', 'limited', 'failed', 'lost'],
    description:
      '`ok`: what the outcome says has happened. `dead`: it was dead-lettered. `limited`: a limit of the tenant did not ' +
      'let the effects in, and it comes again. `failed`: its effects can not be made, which is a failure. `lost`: another ' +
      'has it, or the token is none.',
  })
  result!: 'ok' | 'dead' | 'limited' | 'failed' | 'lost';
  @ApiProperty({ required: false, description: 'Of `dead` and `failed`.' })
  error?: string;
  @ApiProperty({ type: [String], required: false, description: 'Of the runs that were started.' })
  run_ids?: string[];
  @ApiProperty({ type: 'integer', required: false, description: 'Of `limited`: when it comes again.' })
  delay_ms?: number;
}

export class SettledResponse {
  @ApiProperty({ type: [SettledDto] })
  settlements!: SettledDto[];
}

export class RenewLeasesDto {
  @ApiProperty({ type: [HeldDeliveryDto], minItems: 1, maxItems: MOST_ITEMS })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MOST_ITEMS)
  leases!: HeldDeliveryDto[];
}

export class RenewedLeaseDto {
  @ApiProperty({ example: '0j.1795279279000-42' })
  id!: string;
  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'Null when it is lost.' })
  lease_expires_at!: string | null;
}

export class RenewedLeasesResponse {
  @ApiProperty({ type: [RenewedLeaseDto] })
  leases!: RenewedLeaseDto[];
}
