import type {
  GroupCounts,
  GroupMember,
  GroupOverview,
  GroupSample,
  TenantStanding,
} from '../consumer/index.js';
import type { GroupMemberDto } from './dto/members.dto.js';
import type {
  GroupOverviewResponse,
  GroupRatesDto,
  GroupSampleDto,
  TenantStandingDto,
} from './dto/overview.dto.js';

type Rates = Pick<GroupRatesDto, keyof GroupRatesDto>;

export function toMemberResponse(member: GroupMember): GroupMemberDto {
  return {
    name: member.name,
    handler: member.handler,
    types: member.types ? [...member.types] : null,
    ordering: member.ordering,
    concurrency: member.concurrency,
    lease_ms: member.leaseMs,
    max_attempts: member.maxAttempts,
    version: member.version ?? null,
    fingerprint: member.fingerprint,
    idle_ms: member.idleMs,
  };
}

export function toOverviewResponse(
  overview: GroupOverview,
  samples: readonly GroupSample[],
): GroupOverviewResponse {
  return {
    group: overview.group,
    lag: overview.lag,
    lag_ms: overview.lagMs,
    pending: overview.pending,
    oldest_pending_age_ms: overview.oldestPendingMs ?? null,
    delayed_retries: overview.delayed,
    dead_letters: overview.deadLetters,
    tenants_behind: overview.tenantsBehind,
    tenants_paused: overview.tenantsPaused,
    tenants_looked_at: overview.tenantsLookedAt,
    complete: overview.isComplete,
    rates: toRates(overview.rates.now),
    members: overview.members.map(toMemberResponse),
    worst_tenants: overview.worst.map(toTenantResponse),
    samples: samples.map(toSampleResponse),
  };
}

function toTenantResponse(standing: TenantStanding): TenantStandingDto {
  return {
    tenant_id: standing.tenantId,
    lag: standing.lag,
    lag_ms: standing.lagMs,
    pending: standing.pending,
    oldest_pending_age_ms: standing.oldestPendingMs ?? null,
    paused: standing.isPaused,
  };
}

function toSampleResponse(sample: GroupSample): GroupSampleDto {
  return {
    at: new Date(sample.at).toISOString(),
    ...toRates(sample),
    lag: sample.lag,
    lag_ms: sample.lagMs,
    pending: sample.pending,
    oldest_pending_age_ms: sample.oldestPendingMs,
    tenants_behind: sample.tenantsBehind,
    complete: sample.isComplete,
  };
}

function toRates({ handled, failed, dead }: GroupCounts): Rates {
  return {
    handled_per_second: rounded(handled),
    failed_per_second: rounded(failed),
    dead_lettered_per_second: rounded(dead),
  };
}

export function rounded(rate: number): number {
  return Math.round(rate * 1000) / 1000;
}
