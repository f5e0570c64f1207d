import type { RunRecord } from '../event-store/index.js';
import type { RunListItem, RunResponse } from './dto/run.dto.js';

/** A run as clients see it. @param base what stands before `/runs` in the path of the request (BasePath) */
export function toRunResponse(run: RunRecord, base: string): RunResponse {
  const self = `${base}/runs/${run.id}`;
  return {
    id: run.id,
    tenant_id: run.tenantId,
    executor: run.executor,
    task: run.task,
    key: run.key ?? null,
    input: run.input,
    labels: run.labels,
    context: run.context,
    status: run.status,
    attempt: run.attempt,
    created_at: iso(run.createdAt),
    started_at: time(run.startedAt),
    completed_at: time(run.completedAt),
    result: run.result ?? null,
    error: run.error ?? null,
    statistics: { events: run.events },
    sequence: run.sequence,
    last_event_at: time(run.lastEventAt),
    holder: run.holder ? { instance: run.holder.instance, lease_until: iso(run.holder.leaseUntil) } : null,
    waiting_for: run.waitingFor ?? null,
    expires_at: time(run.expiresAt),
    links: { self, events: `${self}/events`, stream: `${self}/events/stream` },
  };
}

/** A run in a list, without what is large of it. */
export function toRunListItem(run: RunRecord, base: string): RunListItem {
  const { input, result, error, ...rest } = toRunResponse(run, base);
  const { leftOut } = run;
  return {
    ...rest,
    ...(leftOut.input === undefined && { input }),
    ...(leftOut.result === undefined && { result }),
    ...(leftOut.error === undefined && { error }),
  };
}

function time(ms: number | undefined): string | null {
  return ms === undefined ? null : iso(ms);
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
