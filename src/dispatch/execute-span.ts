import type { RunRecord } from '../event-store/index.js';
import { activeTracer, WorkSpan } from '../tracing/index.js';

/** The span of one attempt at a run, in the trace that the run was started in; undefined where nothing is traced. */
export function executeSpan({ id, tenantId, executor, attempt, context }: RunRecord): WorkSpan | undefined {
  const tracer = activeTracer();
  return (
    tracer &&
    WorkSpan.start(tracer, {
      name: `execute ${executor}`,
      attributes: {
        'runstream.tenant.id': tenantId,
        'runstream.run.id': id,
        'runstream.executor': executor,
        'runstream.attempt': attempt,
      },
      parent: context,
    })
  );
}
