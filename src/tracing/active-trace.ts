import { context, isSpanContextValid, trace } from '@opentelemetry/api';
import { formatTraceparent, readTracestate, type TraceContext } from '../events/index.js';

/** The trace of the span that is active where this is called; undefined without one, and without a tracing system. */
export function activeTrace(): TraceContext | undefined {
  const span = trace.getSpanContext(context.active());
  if (!span || !isSpanContextValid(span)) return undefined;
  return {
    traceparent: formatTraceparent({ ...span, flags: span.traceFlags }),
    tracestate: (span.traceState && readTracestate(span.traceState.serialize())) ?? null,
  };
}
