import {
  type Attributes,
  type Context,
  context,
  createTraceState,
  diag,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api';
import { parseTraceparent, type TraceContext } from '../events/index.js';

/** Under this name our spans are found. */
const SCOPE = 'runstream';

/** The tracer of the application's SDK; undefined without one. Asked for each time: an SDK may come later. */
export function activeTracer(): Tracer | undefined {
  const provider = trace.getTracerProvider();
  // Where nobody registered one, the API gives a provider that only stands for it.
  return 'getDelegateTracer' in provider
    ? (provider as { getDelegateTracer(name: string): Tracer | undefined }).getDelegateTracer(SCOPE)
    : provider.getTracer(SCOPE);
}

/** What a span of work says. */
export interface WorkDescription {
  name: string;
  attributes: Attributes;
  /** The trace that it goes on; it begins one of its own without. */
  parent: TraceContext | undefined;
}

/** A span around work that a stored event or run gave rise to, and that other code does. */
export class WorkSpan {
  private constructor(
    private readonly span: Span,
    private readonly context: Context,
  ) {}

  /** Undefined when a part of the SDK throws: what it watches over must go on. */
  static start(tracer: Tracer, { name, attributes, parent }: WorkDescription): WorkSpan | undefined {
    try {
      // Not in the context of whoever looks for work, which may have begun in a request that is long over.
      const around = contextOf(parent);
      const span = tracer.startSpan(name, { kind: SpanKind.CONSUMER, attributes }, around);
      return new WorkSpan(span, trace.setSpan(around, span));
    } catch (error) {
      diag.error('runstream: a span could not be started', error);
      return undefined;
    }
  }

  /** Does the work with this span as the active one. */
  run<Result>(work: () => Result): Result {
    return context.with(this.context, work);
  }

  /**
   * The first time counts.
   *
   * @param failure what went wrong, if anything did; of kinds there are few
   */
  end(failure?: { kind: string; error: string }): void {
    try {
      if (!this.span.isRecording()) return;
      if (failure !== undefined) {
        this.span.setAttribute('error.type', failure.kind);
        this.span.setStatus({ code: SpanStatusCode.ERROR, message: failure.error });
      }
      this.span.end();
    } catch (error) {
      diag.error('runstream: a span could not be ended', error);
    }
  }
}

function contextOf(parent: TraceContext | undefined): Context {
  const parsed = parent?.traceparent == null ? undefined : parseTraceparent(parent.traceparent);
  if (!parsed) return ROOT_CONTEXT;
  const { traceId, spanId, flags } = parsed;
  const state = parent?.tracestate;
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: flags,
    isRemote: true,
    ...(state != null && { traceState: createTraceState(state) }),
  });
}
