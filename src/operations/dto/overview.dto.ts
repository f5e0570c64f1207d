import { ApiProperty } from '@nestjs/swagger';
import { GroupMemberDto } from './members.dto.js';

const RATE = { type: 'number', example: 12.5 } as const;
const LAG_MS = {
  type: 'integer',
  description:
    'Milliseconds since the oldest event came that is not handled, given out or not; 0 when all are.',
} as const;
const OLDEST = {
  type: 'integer',
  nullable: true,
  description: 'Milliseconds since the oldest pending event was appended; null without one.',
} as const;
const LAG = {
  type: 'integer',
  description: 'Events that were not given out yet, redriven ones included.',
} as const;
const PENDING = { type: 'integer', description: 'Events that were given out and have no outcome.' } as const;

export class GroupRatesDto {
  @ApiProperty({ ...RATE, description: 'Events handled with success.' })
  handled_per_second!: number;
  @ApiProperty({ ...RATE, description: 'Attempts that failed, whether or not the event is tried again.' })
  failed_per_second!: number;
  @ApiProperty({ ...RATE, description: 'Events that were dead-lettered.' })
  dead_lettered_per_second!: number;
}

export class GroupSampleDto extends GroupRatesDto {
  @ApiProperty({ format: 'date-time' })
  at!: string;
  @ApiProperty(LAG)
  lag!: number;
  @ApiProperty(LAG_MS)
  lag_ms!: number;
  @ApiProperty(PENDING)
  pending!: number;
  @ApiProperty({
    ...OLDEST,
    nullable: false,
    description: 'Milliseconds since the oldest pending event was appended; 0 without one.',
  })
  oldest_pending_age_ms!: number;
  @ApiProperty({ type: 'integer', description: 'Tenants that had events that were not given out yet.' })
  tenants_behind!: number;
  @ApiProperty({ description: 'Whether all tenants in which there could be anything were looked at.' })
  complete!: boolean;
}

export class TenantStandingDto {
  @ApiProperty({ example: 'acme' })
  tenant_id!: string;
  @ApiProperty(LAG)
  lag!: number;
  @ApiProperty(LAG_MS)
  lag_ms!: number;
  @ApiProperty(PENDING)
  pending!: number;
  @ApiProperty(OLDEST)
  oldest_pending_age_ms!: number | null;
  @ApiProperty()
  paused!: boolean;
}

export class GroupOverviewResponse {
  @ApiProperty({ example: 'billing' })
  group!: string;
  @ApiProperty(LAG)
  lag!: number;
  @ApiProperty(LAG_MS)
  lag_ms!: number;
  @ApiProperty(PENDING)
  pending!: number;
  @ApiProperty(OLDEST)
  oldest_pending_age_ms!: number | null;
  @ApiProperty({ type: 'integer', description: 'Of the pending ones: those that wait for another try.' })
  delayed_retries!: number;
  @ApiProperty({
    type: 'integer',
    description:
      'As a walk through all tenants counted them that goes on with each look, a thousand tenants at a time.',
  })
  dead_letters!: number;
  @ApiProperty({ type: 'integer', description: 'Tenants that have events that were not given out yet.' })
  tenants_behind!: number;
  @ApiProperty({ type: 'integer', description: 'Tenants in which the group is paused.' })
  tenants_paused!: number;
  @ApiProperty({ type: 'integer', description: 'Tenants that were looked at; at most 1000.' })
  tenants_looked_at!: number;
  @ApiProperty({
    description:
      'Whether these are all in which there can be anything. If not, the numbers are those of the tenants that were ' +
      'looked at.',
  })
  complete!: boolean;
  @ApiProperty({
    type: GroupRatesDto,
    description: 'In all processes together, over the last one to two minutes.',
  })
  rates!: GroupRatesDto;
  @ApiProperty({ type: [GroupMemberDto], description: 'The processes that run it now.' })
  members!: GroupMemberDto[];
  @ApiProperty({ type: [TenantStandingDto], description: 'Those with the most lag, at most ten.' })
  worst_tenants!: TenantStandingDto[];
  @ApiProperty({ type: [GroupSampleDto], description: 'One a minute, of the last hour, oldest first.' })
  samples!: GroupSampleDto[];
}

export class ConsumerOverviewResponse {
  @ApiProperty({ type: [GroupOverviewResponse] })
  groups!: GroupOverviewResponse[];
  @ApiProperty({ type: 'integer' })
  count!: number;
}
