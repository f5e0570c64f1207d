import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { silence } from '../../src/common/index.js';
import { EventHandler, type Handler, HandlerResult } from '../../src/consumer/index.js';
import type { RecordedEvent } from '../../src/events/index.js';
import { type Executor, type RunExecution, RunExecutor } from '../../src/executors/index.js';
import fc from 'fast-check';
import { of } from 'rxjs';
import { startConsumers } from '../support/consumer.js';
import { createTestStore, line, uniqueTenant } from '../support/event-store.js';
import { eventually } from '../support/eventually.js';
import { createTestExecutors } from '../support/executors.js';
import { anyValue, type AnyValue } from './any-value.js';

/**
 * A process of its own, since that is what must live: gives each value to one place where user code can throw it or
 * give it back, and checks what became of its event: `any-value-process.ts <redis url> <values> <seed>`.
 */
const [url = '', count = '0', seed = '0'] = process.argv.slice(2);
const PLACES = [
  'handle throws',
  'handle returns',
  'canHandle throws',
  'canHandle returns',
  'guard throws',
  'guard returns',
  'interceptor throws',
  'interceptor returns',
  'executor throws',
  'executor returns',
] as const;
type Place = (typeof PLACES)[number];

const values = fc.sample(anyValue, { numRuns: Number(count), seed: Number(seed) });
const valueOf = (n: number): AnyValue => values[n] ?? { make: () => undefined, means: 'success' };
const placeOf = (n: number): Place => PLACES[n % PLACES.length] ?? 'handle throws';
const numberOf = (event: RecordedEvent): number => Number(event.data['line']);

/** What user code in this place does for a number: `otherwise` unless it is its turn. */
function act(where: string, n: number, otherwise: unknown): unknown {
  if (placeOf(n) === `${where} throws`) throw valueOf(n).make();
  return placeOf(n) === `${where} returns` ? valueOf(n).make() : otherwise;
}

@Injectable()
class Guard {
  canActivate(context: ExecutionContext): boolean {
    return act('guard', numberOf(context.getArgByIndex<RecordedEvent>(0)), true) as boolean;
  }
}

@Injectable()
class Interceptor {
  intercept(context: ExecutionContext, next: CallHandler): never {
    const n = numberOf(context.getArgByIndex<RecordedEvent>(0));
    const given = act('interceptor', n, next.handle());
    return (placeOf(n) === 'interceptor returns' && !isBare(n) ? of(given) : given) as never;
  }
}

@EventHandler({
  group: uniqueTenant(),
  types: ['log.stdout'],
  from: 'start',
  maxAttempts: 1,
  timeoutMs: 20_000,
})
@UseGuards(Guard)
@UseInterceptors(Interceptor)
class AnyHandler implements Handler {
  canHandle(event: RecordedEvent): boolean {
    return act('canHandle', numberOf(event), true) as boolean;
  }
  handle(event: RecordedEvent): HandlerResult {
    return act('handle', numberOf(event), HandlerResult.success()) as HandlerResult;
  }
}

@RunExecutor('any', { concurrency: 20 })
class AnyExecutor implements Executor {
  execute(run: RunExecution): unknown {
    return act('executor', Number(run.input['n']), null);
  }
}

/** Whether the interceptor gives the value itself, and not an Observable of it. */
function isBare(n: number): boolean {
  return n % (2 * PLACES.length) >= PLACES.length;
}

/** `either`: Nest decides what a guard's value means, and RxJS what is a stream. */
function expectedOf(n: number): 'done' | 'dead' | 'either' {
  const { make, means } = valueOf(n);
  switch (placeOf(n)) {
    case 'interceptor returns':
      if (isBare(n)) return 'either';
      return means === 'success' ? 'done' : 'dead';
    case 'handle returns':
      return means === 'success' ? 'done' : 'dead';
    case 'canHandle returns':
      return isBoolean(make) ? 'done' : 'dead';
    case 'guard returns':
      return 'either';
    default:
      return 'dead';
  }
}

/** Making an odd error may throw as well, when the tool that maps stacks reads its fields. */
function isBoolean(make: () => unknown): boolean {
  try {
    const value = make();
    silence(value);
    return typeof value === 'boolean';
  } catch {
    return false;
  }
}

process.on('unhandledRejection', (error) => {
  process.stdout.write('UNHANDLED ');
  console.error(error);
  process.exit(2);
});

const store = await createTestStore({ url });
const executors = await createTestExecutors({ url, tenant: store.tenant, providers: [AnyExecutor] });
const consumers = await startConsumers([AnyHandler, Guard, Interceptor], {
  url,
  consumer: { tenants: [store.tenant] },
});
const { group } = consumers.runner.registered[0]!.options;
const { journal } = store.store.keys.partition(store.tenant, 0);
const { commands } = store.redis;
const numbers = values.map((_, n) => n);
const wrong: string[] = [];

const run = await store.createRun();
const events = numbers.filter((n) => !placeOf(n).startsWith('executor'));
for (let i = 0; i < events.length; i += 500) {
  await store.store.append(
    store.tenant,
    run,
    events.slice(i, i + 500).map((n) => line(String(n))),
  );
}
const settled = new Set<string>();
const [tip] = await commands.xrevrange(journal, '+', '-', 'COUNT', 1);
await eventually(
  'every event has an outcome',
  async () => {
    const groups = (await commands.xinfo('GROUPS', journal)) as unknown[][];
    const fields = groups.find((one) => one[1] === group) ?? [];
    const at = (name: string): unknown => fields[fields.indexOf(name) + 1];
    return Number(at('pending')) === 0 && at('last-delivered-id') === tip?.[0];
  },
  300_000,
);
const errors = new Map<string, string>();
const { dead } = store.store.keys.group(store.tenant, 0, group);
for (const [, fields] of await commands.xrange(dead, '-', '+')) {
  const field = (name: string): string => fields[fields.indexOf(name) + 1] ?? '';
  errors.set(field('entry'), field('error'));
}
for (const [id, fields] of await commands.xrange(journal, '-', '+')) {
  const text = /"line":"(\d+)"/.exec(fields.join(' '))?.[1];
  if (text === undefined) continue;
  settled.add(text);
  const expected = expectedOf(Number(text));
  const error = errors.get(id);
  const is = error === undefined ? 'done' : 'dead';
  if (error === '' || (error?.length ?? 0) > 1000)
    wrong.push(`${text}: a text of ${error?.length} characters`);
  if (expected !== 'either' && is !== expected) {
    wrong.push(`${text}: ${placeOf(Number(text))}: ${is} and not ${expected} (${error ?? ''})`);
  }
}
if (settled.size !== events.length) wrong.push(`${settled.size} of ${events.length} events were found`);

const executed = numbers.filter((n) => placeOf(n).startsWith('executor'));
for (let i = 0; i < executed.length; i += 50) {
  const page = executed.slice(i, i + 50);
  const ids = await Promise.all(page.map((n) => executors.createRun('any', { n })));
  for (const [k, id] of ids.entries()) {
    const n = page[k] ?? 0;
    const { status, error } = await executors.ended(id);
    const mustFail = placeOf(n) === 'executor throws';
    if (mustFail && status !== 'failed') wrong.push(`${n}: ${placeOf(n)}: ${status}`);
    if (status === 'failed' && (typeof error !== 'string' || error === '')) wrong.push(`${n}: no text`);
  }
}
await Promise.all([consumers.close(), executors.close()]);
await store.close();
for (const text of wrong.slice(0, 20)) process.stdout.write(`wrong ${text}\n`);
process.stdout.write(`checked ${numbers.length} values, ${wrong.length} wrong\n`);
process.exit(wrong.length > 0 ? 1 : 0);
