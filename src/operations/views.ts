import type { DeadLetter, GroupInfo, PendingEntry, TenantRates, TrendPoint } from '../consumer/index.js';
import type {
  ConsumerGroupResponse,
  ConsumerGroupTrendResponse,
  PendingEventResponse,
  TenantRatesDto,
  TenantSampleDto,
} from './dto/consumers.dto.js';
import type { DeadLetterResponse } from './dto/dead-letters.dto.js';
import { rounded, toMemberResponse } from './overview-views.js';

export function toGroupResponse(info: GroupInfo): ConsumerGroupResponse {
  const { handler, lastRecovery } = info;
  return {
    group: info.group,
    handlers: handler ? [handler.name] : [],
    types: handler?.types ? [...handler.types] : null,
    handled: info.isHandled,
    consumers: info.consumers.map(({ name, pending, idleMs }) => ({ name, pending, idle_ms: idleMs })),
    members: info.members.map(toMemberResponse),
    pending: info.pending,
    lag: info.lag,
    lag_ms: info.lagMs,
    oldest_pending_age_ms: info.oldestPendingMs ?? null,
    delayed_retries: info.delayed,
    dead_letters: info.deadLetters,
    paused: info.isPaused,
    ...(info.pausedAt !== undefined && { paused_at: timeOf(info.pausedAt) }),
    ...(info.pausedBy !== undefined && { paused_by: info.pausedBy }),
    last_recovery: lastRecovery ? { ...lastRecovery, at: timeOf(lastRecovery.at) } : null,
    rates: toRates(info.rates),
  };
}

export function toTrendResponse(info: GroupInfo, trend: readonly TrendPoint[]): ConsumerGroupTrendResponse {
  return Object.assign(toGroupResponse(info), { samples: trend.map(toSampleResponse) });
}

function toSampleResponse({ at, rates, lag, lagMs, pending }: TrendPoint): TenantSampleDto {
  return { at: timeOf(at), rates: rates ? toRates(rates) : null, lag, lag_ms: lagMs, pending };
}

function toRates({ appended, handled }: TenantRates): TenantRatesDto {
  return {
    appended_per_second: rounded(appended),
    handled_per_second: handled === undefined ? null : rounded(handled),
  };
}

export function toPendingResponse(entry: PendingEntry): PendingEventResponse {
  return {
    entry: entry.entryId,
    redriven: entry.isRedrive,
    run_id: entry.runId ?? null,
    type: entry.type ?? null,
    consumer: entry.consumer,
    state: entry.state,
    age_ms: entry.ageMs,
    idle_ms: entry.idleMs,
    attempts: entry.attempts,
    next_try_at: entry.nextTryAt === undefined ? null : timeOf(entry.nextTryAt),
    last_error: entry.lastError ?? null,
  };
}

export function toDeadLetterResponse(letter: DeadLetter): DeadLetterResponse {
  return {
    id: letter.id,
    group: letter.group,
    entry: letter.entryId,
    run_id: letter.runId ?? null,
    event: letter.event ?? null,
    error: letter.error,
    attempts: letter.attempts,
    first_failure_at: timeOf(letter.firstFailureAt),
    last_failure_at: timeOf(letter.lastFailureAt),
  };
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
