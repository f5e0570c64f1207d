import type { RecordedEvent } from '../../events/index.js';
import { activeTracer, WorkSpan } from '../../tracing/index.js';
import type { HandlerContext } from '../handler/handler.js';

/**
 * The span of one attempt at an event, in the trace that the event came from; undefined where nothing is traced, which
 * must cost nothing: it is asked for each event.
 */
export function processSpan(
  event: RecordedEvent,
  { group, attempt, tenantId }: HandlerContext,
): WorkSpan | undefined {
  const tracer = activeTracer();
  if (!tracer) return undefined;
  const type = `${event.event.category}.${event.event.action}`;
  return WorkSpan.start(tracer, {
    name: `process ${type}`,
    // https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/
    attributes: {
      'messaging.system': 'runstream',
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.destination.name': type,
      'messaging.consumer.group.name': group,
      'messaging.message.id': event.id,
      'runstream.tenant.id': tenantId,
      'runstream.run.id': event.run_id,
      'runstream.attempt': attempt,
    },
    parent: event.context,
  });
}
