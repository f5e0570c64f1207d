import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { Module } from '@nestjs/common';
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node';
import {
  EventHandler,
  type Handler,
  type HandlerContext,
  HandlerResult,
  type RecordedEvent,
  type RunExecution,
  RunExecutor,
  RunFailedError,
  Runstream,
} from '../../src/index.js';
import { startApplication, type TestApplication } from '../support/application.js';
import { eventually } from '../support/eventually.js';
import { testRedisUrl } from '../support/redis.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const header = `00-${TRACE}-${SPAN}-01`;

const activeId = () => trace.getSpanContext(context.active())?.spanId;

@RunExecutor('traced')
class Traced {
  constructor(private readonly runs: Runstream) {}

  async execute(run: RunExecution): Promise<unknown> {
    await run.emit('log.stdout', { line: 'a' });
    if (run.input['fail'] === true) throw new RunFailedError('told to');
    if (run.input['wait'] === true) await run.waitFor('gate.approved');
    const child = await trace.getTracer('test').startActiveSpan('inner', async (span) =>
      this.runs.start({ task: 'child' }).finally(() => {
        span.end();
      }),
    );
    return { active: activeId(), child: child.id };
  }
}

/** Fails at first, in each of the ways in which it can. */
@EventHandler({ group: 'tries', types: ['gate.requested'], backoff: { initialMs: 1, maxMs: 1 } })
class Tries implements Handler {
  handle(_: RecordedEvent, { attempt }: HandlerContext): HandlerResult {
    if (attempt === 1) throw new Error('first');
    return attempt === 2 ? HandlerResult.retry({ reason: 'second' }) : HandlerResult.success();
  }
}

@EventHandler({ group: 'answers', types: ['gate.requested'] })
class Answers implements Handler {
  async handle(event: RecordedEvent, context: HandlerContext): Promise<void> {
    await Promise.resolve();
    context.publish(event.run_id, { type: 'gate.approved', data: { active: activeId() } });
  }
}

@EventHandler({ group: 'refuses', types: ['gate.requested'] })
class Refuses implements Handler {
  handle(): HandlerResult {
    return HandlerResult.fail('never');
  }
}

@EventHandler({ group: 'late', types: ['gate.requested'], timeoutMs: 50, maxAttempts: 1 })
class Late implements Handler {
  handle(_: RecordedEvent, { signal }: HandlerContext): Promise<void> {
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        resolve();
      });
    });
  }
}

@Module({ providers: [Traced, Tries, Answers, Refuses, Late] })
class WorkModule {}

/** In an application that has an SDK of its own. */
describe('Spans', () => {
  const exporter = new InMemorySpanExporter();
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  let application: TestApplication;
  let runs: Runstream;

  beforeAll(async () => {
    provider.register();
    const redis = { url: testRedisUrl(), keyPrefix: `test-${randomUUID()}:` };
    application = await startApplication({ redis }, { imports: [WorkModule] });
    runs = application.app.get(Runstream);
  });
  afterEach(() => {
    exporter.reset();
  });
  afterAll(async () => {
    await application.close();
    await provider.shutdown();
    trace.disable();
    context.disable();
  });

  const spans = async (name: string, count = 1): Promise<ReadableSpan[]> => {
    const named = () => exporter.getFinishedSpans().filter((span) => span.name === name);
    await eventually(`${count} spans ${name}`, () => named().length >= count);
    expect(named()).toHaveLength(count);
    return named();
  };
  const eventsOf = async (runId: string) => (await runs.history(runId)).events;
  const start = async (body: object, headers: Record<string, string> = {}): Promise<string> => {
    const response = await fetch(`${application.url}/runs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ task: 'x', ...body }),
    });
    return ((await response.json()) as { id: string }).id;
  };
  const traceparentOf = (span: ReadableSpan): string => {
    const { traceId, spanId } = span.spanContext();
    return `00-${traceId}-${spanId}-01`;
  };

  it('an executor runs in its run’s trace, and what it says and starts goes on with it', async () => {
    const id = await start({ executor: 'traced' }, { traceparent: header, tracestate: 'a=1' });
    const { result } = await runs.wait(id);
    const [span] = (await spans('execute traced')) as [ReadableSpan];
    expect(span.spanContext()).toMatchObject({ traceId: TRACE });
    expect(span.spanContext().traceState?.serialize()).toBe('a=1');
    expect(span.parentSpanContext).toMatchObject({ spanId: SPAN, isRemote: true });
    expect(span.kind).toBe(SpanKind.CONSUMER);
    expect(span.attributes).toEqual({
      'runstream.tenant.id': 'default',
      'runstream.run.id': id,
      'runstream.executor': 'traced',
      'runstream.attempt': 1,
    });
    expect(span.status.code).toBe(SpanStatusCode.UNSET);
    const { active, child } = result as { active: string; child: string };
    expect(active).toBe(span.spanContext().spanId);

    const own = { traceparent: traceparentOf(span), tracestate: 'a=1' };
    const given = { traceparent: header, tracestate: 'a=1' };
    expect((await eventsOf(id)).map((event) => event.context)).toEqual([given, own, own]);
    const [inner] = (await spans('inner')) as [ReadableSpan];
    expect(inner.parentSpanContext?.spanId).toBe(span.spanContext().spanId);
    expect((await runs.get(child)).context).toMatchObject({ traceparent: traceparentOf(inner) });
  });

  it('an executor that fails, or is told to stop, says so in its span', async () => {
    const failing = await start({ executor: 'traced', input: { fail: true } });
    await runs.wait(failing);
    const [failed] = (await spans('execute traced')) as [ReadableSpan];
    expect(failed.parentSpanContext).toBeUndefined();
    expect(failed.status).toEqual({ code: SpanStatusCode.ERROR, message: 'told to' });
    expect(failed.attributes).toMatchObject({ 'error.type': 'failed' });
    exporter.reset();

    const waiting = await start({ executor: 'traced', input: { wait: true } });
    await eventually('it waits', async () => (await eventsOf(waiting)).length === 2);
    await runs.cancel(waiting);
    const [cancelled] = (await spans('execute traced')) as [ReadableSpan];
    expect(cancelled.attributes).toMatchObject({ 'error.type': 'aborted', 'runstream.run.id': waiting });
  });

  it('each attempt of a handler is a span in its event’s trace', async () => {
    const { id } = await runs.start({ task: 'x' });
    const response = await fetch(`${application.url}/runs/${id}/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', traceparent: header },
      body: '{"event":{"category":"gate","action":"requested"}}',
    });
    const { last_id } = (await response.json()) as { last_id: string };
    const all = await spans('process gate.requested', 6);
    const of = (group: string) =>
      all.filter(({ attributes }) => attributes['messaging.consumer.group.name'] === group);
    for (const span of all) {
      expect(span.kind).toBe(SpanKind.CONSUMER);
      expect(span.spanContext().traceId).toBe(TRACE);
      expect(span.parentSpanContext).toMatchObject({ spanId: SPAN, isRemote: true });
    }
    const outcomes = (group: string) =>
      of(group).map(({ attributes, status }) => [
        attributes['runstream.attempt'],
        attributes['error.type'],
        status.message,
      ]);
    expect(outcomes('tries')).toEqual([
      [1, 'retry', expect.stringContaining('first')],
      [2, 'retry', 'second'],
      [3, undefined, undefined],
    ]);
    expect(outcomes('refuses')).toEqual([[1, 'fail', 'never']]);
    expect(outcomes('late')).toEqual([[1, 'retry', expect.stringContaining('longer than 50 ms')]]);
    const [answered] = of('answers') as [ReadableSpan];
    expect(answered.attributes).toEqual({
      'messaging.system': 'runstream',
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.destination.name': 'gate.requested',
      'messaging.consumer.group.name': 'answers',
      'messaging.message.id': last_id,
      'runstream.tenant.id': 'default',
      'runstream.run.id': id,
      'runstream.attempt': 1,
    });
    const published = () =>
      eventsOf(id).then((events) => events.find(({ event }) => event.action === 'approved'));
    await eventually('it was published', async () => (await published()) !== undefined);
    expect(await published()).toMatchObject({
      data: { active: answered.spanContext().spanId },
      context: { traceparent: traceparentOf(answered) },
    });
  });

  it('what is written from code is of the active span, and of none without', async () => {
    const [outside, inside] = await Promise.all([
      runs.start({ task: 'x' }),
      trace.getTracer('test').startActiveSpan('mine', async (span) => {
        const run = await runs.start({ task: 'x' });
        await runs.append(run.id, { type: 'log.stdout', data: { line: 'a' } });
        await runs.cancel(run.id);
        span.end();
        return run;
      }),
    ]);
    const [mine] = (await spans('mine')) as [ReadableSpan];
    const own = { traceparent: traceparentOf(mine) };
    expect((await eventsOf(inside.id)).map((event) => event.context)).toEqual([own, own, own]);
    expect((await eventsOf(outside.id)).map((event) => event.context)).toEqual([undefined]);
  });

  it('an SDK that throws stops no work', async () => {
    const broken = new NodeTracerProvider({
      sampler: {
        shouldSample: () => {
          throw new Error('a broken sampler');
        },
      },
    });
    trace.disable();
    trace.setGlobalTracerProvider(broken);
    try {
      const { id } = await runs.start({ task: 'x', executor: 'traced', input: { fail: true } });
      expect(await runs.wait(id)).toMatchObject({ status: 'failed', error: 'told to' });
    } finally {
      trace.disable();
      trace.setGlobalTracerProvider(provider);
    }
  });
});
