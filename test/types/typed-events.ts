/**
 * What compiles, and what does not: read by `tsc --noEmit`, as part of `npm run lint`, and never run. A line that is
 * expected not to compile and does is an error as well.
 */
import {
  EventHandler,
  EventStoreModule,
  type EventToAppend,
  type EventType,
  type Executor,
  type Handler,
  type HandlerContext,
  isEvent,
  type JsonObject,
  type RecordedEvent,
  type RunExecution,
  RunExecutor,
  type Runstream,
} from '../../src/index.js';
import { type ConsumerTestbed } from '../../src/testing/index.js';
import { type Order, Market } from './market-events.js';

declare const run: RunExecution;
declare const context: HandlerContext;
declare const runs: Runstream;
declare const testbed: ConsumerTestbed;
declare const order: Order;
declare const planned: { cents: number };
declare const name: string;

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles only for a value of exactly this type: `exactly<string>()(value)`. */
const exactly =
  <Expected>() =>
  <Actual>(value: Actual, ...isOther: Same<Expected, Actual> extends true ? [] : [never]): unknown => [
    value,
    isOther,
  ];
const use = (value: unknown): unknown => value;

/** One source for the registry and the types. */
EventStoreModule.forFeature(Market);

export async function emits(): Promise<void> {
  await run.emit('llm.stream', { content: 'a' });
  await run.emit('llm.stream', { content: 'a', model: 'of the application' });
  await run.emit('gate.approved');
  await run.emit('gate.approved', order);
  await run.emit('gate.approved', { by: 'Ada' }, { source: { agent_id: 'ada' } });
  await run.emit('market.ordered', order);
  await run.emit('market.ordered', { item: 'cup' }, { idempotency_key: 'k' });
  await run.emit('market.paid', planned);
  await run.emit('market.closed');
  await run.emit('market.closed', order);
  await run.emit('stock.counted', { item: 'cup' });
  await run.emit('log_book.opened', { anything: [1] });
  await run.emit('audit.read', order);
  await run.emitUntyped(name, order);
  // @ts-expect-error -- a misspelt name
  await run.emit('market.orderd', order);
  // @ts-expect-error -- a name that is neither built in nor declared
  await run.emit('shop.shut');
  // @ts-expect-error -- a name that is known only when the program runs
  await run.emit(name);
  // @ts-expect-error -- without what readers expect
  await run.emit('llm.stream');
  // @ts-expect-error -- without what is declared
  await run.emit('market.ordered');
  // @ts-expect-error -- a wrong value
  await run.emit('market.ordered', { item: 1 });
  // @ts-expect-error -- a misspelt member
  await run.emit('market.ordered', { item: 'cup', cuont: 1 });
  // @ts-expect-error -- none of the two
  await run.emit('market.paid', {});
  // @ts-expect-error -- what the application says about a built-in type counts
  await run.emit('dispatch.team', { query: 'ok?' });
  // @ts-expect-error -- the category says what its types have
  await run.emit('stock.counted', { count: 1 });
  // @ts-expect-error -- a list is no JSON object
  await run.emit('gate.approved', [1]);
}

export async function appends(): Promise<void> {
  await runs.append(name, { type: 'market.ordered', data: order });
  await runs.append(name, [{ type: 'market.closed' }, { type: 'llm.stream', data: { content: 'a' } }]);
  await runs.appendUntyped(name, { type: name, data: order });
  const { id } = await runs.start({ task: 'a', input: order });
  const later: EventToAppend<'market.paid'> = { type: 'market.paid', data: { cents: 1 } };
  await runs.append(id, later);
  // @ts-expect-error -- a misspelt name
  await runs.append(name, { type: 'market.orderd', data: order });
  // @ts-expect-error -- without its data
  await runs.append(name, { type: 'market.ordered' });
  // @ts-expect-error -- the data of another type
  await runs.append(name, { type: 'market.ordered', data: planned });
  // @ts-expect-error -- a name that is known only when the program runs
  await runs.append(name, { type: name });
  await testbed.publish(id, { type: 'market.ordered', data: order });
  // @ts-expect-error -- a misspelt name
  await testbed.publish(id, { type: 'market.orderd', data: order });
}

export async function waits(): Promise<void> {
  const ordered = await run.waitFor('market.ordered', { where: ({ data }) => data.item === 'cup' });
  exactly<number | undefined>()(ordered.data.count);
  const answer = await run.waitFor('gate.approved,gate.rejected');
  exactly<'approved' | 'rejected'>()(answer.event.action);
  exactly<unknown>()(answer.data['by']);
  const stock = await run.waitFor('stock.*');
  exactly<string>()(stock.data.item);
  const whatever = await run.waitFor(name);
  exactly<RecordedEvent>()(whatever);
  // @ts-expect-error -- of a known type only its members are there
  use(ordered.data.colour);
  // @ts-expect-error -- a misspelt name
  await run.waitFor('gate.approvd');
  // @ts-expect-error -- a misspelt name in a list
  await run.waitFor('gate.approved,gate.rejectd');
  // @ts-expect-error -- a category that there is not
  await run.waitFor('gates.*');
}

@EventHandler({ group: 'orders', types: ['market.ordered'] })
export class TakeOrders implements Handler {
  canHandle({ data }: RecordedEvent<'market.ordered'>): boolean {
    return (data.count ?? 1) > 0;
  }

  handle({ run_id, data }: RecordedEvent<'market.ordered'>, to: HandlerContext): void {
    exactly<string>()(data.item);
    to.publish(run_id, { type: 'stock.taken', data: { item: data.item } });
  }
}

@EventHandler({ group: 'all', types: [name] })
export class OfAnyType implements Handler {
  handle(event: RecordedEvent): void {
    use(event);
  }
}

@EventHandler({ group: 'category', types: ['market.*', 'llm.stream'] })
export class OfCategory implements Handler {
  handle(event: RecordedEvent<'market.ordered' | 'market.paid' | 'market.closed' | 'llm.stream'>): void {
    use(event);
  }
}

// @ts-expect-error -- it is given other events than it takes
@EventHandler({ group: 'orders', types: ['market.paid'] })
export class TakesOthers {
  handle(event: RecordedEvent<'market.ordered'>): void {
    use(event);
  }
}

// @ts-expect-error -- it is given all events
@EventHandler({ group: 'orders' })
export class TakesOne {
  handle(event: RecordedEvent<'market.ordered'>): void {
    use(event);
  }
}

// @ts-expect-error -- it has nothing that handles
@EventHandler({ group: 'orders' })
export class TakesNone {}

export class CountEvents implements Handler<'market.ordered' | 'market.paid'> {
  handle(event: RecordedEvent<'market.ordered' | 'market.paid'>): void {
    exactly<'market'>()(event.event.category);
    // @ts-expect-error -- only one of the two has it
    use(event.data.item);
    if (isEvent(event, 'market.ordered')) exactly<string>()(event.data.item);
  }
}

@RunExecutor('orders')
export class OrderExecutor implements Executor {
  execute({ input }: RunExecution<Order>): string {
    exactly<number | undefined>()(input.count);
    // @ts-expect-error -- not of the input
    use(input.colour);
    return input.item;
  }
}

export class ForeignEvents implements Handler<'market.ordered'> {
  // @ts-expect-error -- it is given other events
  handle(event: RecordedEvent<'llm.stream'>): void {
    use(event);
  }
}

export function publishes(): void {
  context.publish(name, { type: 'gate.approved', data: { by: 'policy' } });
  context.publishUntyped(name, { type: name, data: order });
  context.startRun({ task: 'a', input: order });
  // @ts-expect-error -- a misspelt name
  context.publish(name, { type: 'gate.approvd' });
  // @ts-expect-error -- as REST has it
  context.publish(name, { event: { category: 'gate', action: 'approved' } });
}

export async function reads(): Promise<void> {
  for await (const update of runs.watch(name)) {
    if (update.kind !== 'event') continue;
    const { event } = update;
    exactly<unknown>()(event.data['anything']);
    if (isEvent(event, 'llm.*')) exactly<'llm'>()(event.event.category);
    if (isEvent(event, 'llm.stream')) exactly<string>()(event.data.content);
    // @ts-expect-error -- a misspelt name
    if (isEvent(event, 'llm.straem')) continue;
  }
  for await (const update of runs.watch(name, { types: ['llm.stream', 'llm.reasoning'] }))
    if (update.kind === 'event') exactly<string>()(update.event.data.content);
  const orders = await runs.history(name, { types: ['market.ordered'] });
  exactly<string | undefined>()(orders.events[0]?.data.item);
  const { events } = await runs.history(name);
  exactly<JsonObject | undefined>()(events[0]?.data);
}

/** An event of a known type is an event, and so are a list and a promise of it. */
export function widens(
  one: RecordedEvent<'market.ordered'>,
  many: RecordedEvent<'llm.stream'>[],
): RecordedEvent[] {
  const data: JsonObject = one.data;
  return [one, ...many, { ...one, data }];
}

export const names: EventType[] = ['llm.stream', 'market.ordered', 'stock.anything'];
