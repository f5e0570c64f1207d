import { describe, expect, it } from '@jest/globals';
import { consumerScenes, type ConsumerScene } from '../../../test/support/consumer-scene.js';
import { line, upTo } from '../../../test/support/event-store.js';
import { eventually } from '../../../test/support/eventually.js';
import type { EventToAppend, RecordedEvent } from '../../events/index.js';
import { HandlerResult } from '../handler/handler-result.js';

/** The same event once more, in an entry of its own, as a producer's retry leaves it when its key was forgotten. */
async function appendTwice(scene: ConsumerScene, text: string): Promise<void> {
  await scene.store.append(scene.tenant, scene.run, [line(text, { idempotency_key: text })]);
  const [[, fields] = ['', []]] = await scene.commands.xrevrange(scene.journal, '+', '-', 'COUNT', 1);
  await scene.inject(fields);
}

async function effectsOf({ store, tenant, run }: ConsumerScene): Promise<unknown[]> {
  const { events } = await store.read(tenant, run);
  return events
    .filter(({ type }) => type === 'system.warning')
    .map(({ json }) => (JSON.parse(json.toString()) as RecordedEvent).data['message']);
}

const warning = (message: string): EventToAppend => ({ type: 'system.warning', data: { message } });

describe('An event is handled once', () => {
  const open = consumerScenes();

  it('T33 the same key in two runs is two events, and keys are not put together from parts', async () => {
    const scene = await open();
    const other = await scene.createRun();
    const seen: string[] = [];
    await scene.start((text, _, event) => void seen.push(`${event.run_id} ${text}`));
    const keyed = (key: string) => [line(key, { idempotency_key: key })];
    await scene.store.append(scene.tenant, scene.run, keyed('x'));
    await scene.store.append(scene.tenant, other, keyed('x'));
    await scene.store.append(scene.tenant, scene.run, keyed('x:'));
    await scene.store.append(scene.tenant, scene.run, keyed(`${other}:x`));
    await scene.store.append(scene.tenant, scene.run, keyed('x '));
    // A second event of the same task, without a key of its own.
    await scene.append('x', 'x');
    await eventually('all are handled', () => scene.isSettled());
    expect(seen.sort()).toEqual(
      [
        `${scene.run} x`,
        `${other} x`,
        `${scene.run} x:`,
        `${scene.run} ${other}:x`,
        `${scene.run} x `,
        `${scene.run} x`,
        `${scene.run} x`,
      ].sort(),
    );
  });

  it('T34 of two instances that find the same event at once one handles it', async () => {
    const scene = await open();
    const seen: string[] = [];
    const handle = async (text: string): Promise<void> => {
      seen.push(text);
      await new Promise((resolve) => setTimeout(resolve, 5));
    };
    for (let n = 0; n < 50; n++) await appendTwice(scene, `${n}`);
    await Promise.all([scene.start(handle, { batchSize: 3 }), scene.start(handle, { batchSize: 3 })]);
    await eventually('all are handled', () => scene.isSettled());
    expect(seen.map(Number).sort((a, b) => a - b)).toEqual(upTo(49, 0));
  });

  it('T35 a duplicate waits for the first, and takes its turn when that fails', async () => {
    const scene = await open();
    const attempts: string[] = [];
    let fail: () => void = () => undefined;
    const failed = new Promise<void>((resolve) => (fail = resolve));
    // Long enough that a busy machine does not lose it.
    const leaseMs = 2000;
    await scene.start(
      async (_, { attempt }) => {
        attempts.push(`${attempt}`);
        if (attempts.length > 1) return HandlerResult.success();
        await failed;
        return HandlerResult.fail('this one never works');
      },
      { leaseMs },
    );
    await appendTwice(scene, 'a');
    await eventually('the duplicate was given out too', async () => (await scene.pending()).length === 2);
    await new Promise((resolve) => setTimeout(resolve, leaseMs * 1.5));
    expect(attempts).toEqual(['1']);
    expect(await scene.pending()).toHaveLength(2);
    fail();
    await eventually('both are settled', () => scene.isSettled());
    expect(attempts).toEqual(['1', '1']);
    expect(await scene.dead()).toHaveLength(1);
  });

  it('a marker that lapsed in an outage lets two handlers run, and one of them has effects', async () => {
    const scene = await open();
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const seen: string[] = [];
    await scene.start(
      async (text, context) => {
        seen.push(text);
        context.publish(scene.run, warning(text));
        if (seen.length === 1) await released;
      },
      // It beats every 20 s: nothing renews the marker in this test.
      { leaseMs: 60_000 },
    );
    await appendTwice(scene, 'a');
    await eventually('the first is at it', () => seen.length === 1);
    const markers = await scene.commands.keys(`${scene.keys.done}*`);
    expect(markers).toHaveLength(1);
    await scene.commands.del(...markers);
    await eventually('the second is done', async () => (await effectsOf(scene)).length === 1);
    release();
    await eventually('both are settled', () => scene.isSettled());
    expect(seen).toEqual(['a', 'a']);
    expect(await effectsOf(scene)).toEqual(['a']);
    // What is remembered is that it is done.
    expect(await scene.commands.mget(...markers)).toEqual(['done']);
  });

  it('T73 nothing is remembered of events without a key of their own', async () => {
    const scene = await open();
    let handled = 0;
    await scene.start(() => {
      handled++;
    });
    const before = await keysOf(scene);
    for (let n = 0; n < 5; n++) await scene.append(...upTo(100).map((i) => `${n} ${i}`));
    await eventually('all are handled', async () => handled === 500 && (await scene.isSettled()));
    const after = await keysOf(scene);
    expect(after.filter((key) => key.startsWith(scene.keys.done))).toEqual([]);
    expect(await scene.commands.hlen(scene.keys.state('journal').entries)).toBe(0);
    // What is left: the group's own few, and answers that expire within minutes.
    const answers = after.filter((key) => key.startsWith(scene.keys.answer('')));
    expect(after.length - answers.length).toBeLessThanOrEqual(before.length + 3);
    for (const key of answers) expect(await scene.commands.ttl(key)).toBeGreaterThan(0);
  });
});

async function keysOf({ commands, store, tenant }: ConsumerScene): Promise<string[]> {
  return commands.keys(`${store.keys.partition(tenant, 0).prefix}*`);
}
