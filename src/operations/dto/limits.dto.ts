import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { IsInt, IsOptional, Max, Min } from 'class-validator';
import { LARGEST_LIMIT, LIMIT_NAMES, type LimitName } from '../../config/index.js';

const DESCRIPTIONS: Readonly<Record<LimitName, string>> = {
  active_runs: 'Runs that have not ended.',
  events_per_second: 'Events that are appended.',
  bytes_per_second: 'Bytes of them, and of the input of runs.',
  open_streams: 'Event streams that are open, of all instances together.',
  requests_per_second: 'Requests, of all instances together.',
  stored_bytes: 'What runs and their events take of Redis, as it was summed within the last minute.',
};

const Limit = (name: LimitName): PropertyDecorator =>
  ApiProperty({
    type: 'integer',
    format: 'int64',
    nullable: true,
    example: null,
    description: DESCRIPTIONS[name],
  });

const LimitToSet = (name: LimitName): PropertyDecorator =>
  applyDecorators(
    ApiProperty({
      required: false,
      type: 'integer',
      format: 'int64',
      nullable: true,
      minimum: 1,
      maximum: LARGEST_LIMIT,
      description: DESCRIPTIONS[name],
    }),
    IsOptional(),
    IsInt(),
    Min(1),
    Max(LARGEST_LIMIT),
  );

/** What is absent or null is left to the deployment's default. */
export class SetLimitsDto {
  @LimitToSet('active_runs')
  active_runs?: number | null;
  @LimitToSet('events_per_second')
  events_per_second?: number | null;
  @LimitToSet('bytes_per_second')
  bytes_per_second?: number | null;
  @LimitToSet('open_streams')
  open_streams?: number | null;
  @LimitToSet('requests_per_second')
  requests_per_second?: number | null;
  @LimitToSet('stored_bytes')
  stored_bytes?: number | null;
}

/** Null: none. */
export class LimitsDto {
  @Limit('active_runs')
  active_runs!: number | null;
  @Limit('events_per_second')
  events_per_second!: number | null;
  @Limit('bytes_per_second')
  bytes_per_second!: number | null;
  @Limit('open_streams')
  open_streams!: number | null;
  @Limit('requests_per_second')
  requests_per_second!: number | null;
  @Limit('stored_bytes')
  stored_bytes!: number | null;
}

export class TenantLimitsResponse {
  @ApiProperty({ example: 'acme' })
  tenant_id!: string;
  @ApiProperty({ type: LimitsDto, description: 'What was set for this tenant; null: the default counts.' })
  own!: LimitsDto;
  @ApiProperty({ type: LimitsDto, description: 'What holds, with the defaults of the deployment.' })
  in_force!: LimitsDto;
}

/** Each limit, also those that there are not. */
export function toLimitsDto(values: Readonly<Partial<Record<LimitName, number>>>): LimitsDto {
  const all = LIMIT_NAMES.map((name) => [name, values[name] ?? null]);
  return Object.fromEntries(all) as LimitsDto;
}
