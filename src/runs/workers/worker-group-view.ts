import type { WorkerDelivery, WorkerGroup, WorkerSettlement } from '../../consumer/index.js';
import type { DeliveryDto, SettledDto, WorkerGroupResponse } from './worker-group.dto.js';

export function toGroupResponse(name: string, group: WorkerGroup): WorkerGroupResponse {
  return {
    group: name,
    version: group.version,
    types: group.types ? [...group.types] : null,
    from: group.from,
    ordering: group.ordering,
    max_attempts: group.maxAttempts,
    backoff: { initial_ms: group.backoff.initialMs, max_ms: group.backoff.maxMs },
    lease_seconds: group.leaseMs / 1000,
  };
}

export function toDeliveryResponse({ id, token, attempt, expiresAt, event }: WorkerDelivery): DeliveryDto {
  return { id, token, attempt, lease_expires_at: new Date(expiresAt).toISOString(), event };
}

export function toSettledResponse(id: string, settlement: WorkerSettlement): SettledDto {
  const { result } = settlement;
  if (result === 'limited') return { id, result, delay_ms: settlement.delayMs };
  if (result === 'dead' || result === 'failed') return { id, result, error: settlement.error };
  if (result === 'ok' && settlement.runIds.length > 0) return { id, result, run_ids: settlement.runIds };
  return { id, result };
}
