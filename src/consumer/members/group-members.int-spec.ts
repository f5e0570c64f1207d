import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { startConsumers, type TestConsumers } from '../../../test/support/consumer.js';
import { uniqueTenant } from '../../../test/support/event-store.js';
import { eventually } from '../../../test/support/eventually.js';
import { testLogger } from '../../../test/support/test-logger.js';
import { groupCountsKey, groupMembersKey } from '../../event-store/index.js';
import { WORK_KEYS } from '../../stream-consumer/index.js';
import { EventHandler } from '../handler/event-handler.decorator.js';
import type { Handler } from '../handler/handler.js';
import type { HandlerOptions } from '../handler/handler-options.js';
import type { AnnouncedHandler } from './group-member.js';
import { GroupMembers } from './group-members.js';

const ANNOUNCED: AnnouncedHandler = {
  handler: 'Bill',
  types: ['log.*'],
  ordering: 'none',
  hasCanHandle: false,
  concurrency: 100,
  leaseMs: 60_000,
  maxAttempts: 5,
  team: 'group:of-nobody',
};

describe('Members of a group', () => {
  const open: TestConsumers[] = [];
  let group: string;
  let tenant: string;
  /** A process that runs nothing, and looks. */
  let api: TestConsumers;
  let members: GroupMembers;
  beforeEach(async () => {
    [group, tenant] = [uniqueTenant(), uniqueTenant()];
    api = await startConsumers([], { commandTimeoutMs: 15_000 });
    open.push(api);
    members = api.app.get(GroupMembers);
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await Promise.all(open.splice(0).map((one) => one.close()));
  });

  async function run(options: Partial<HandlerOptions> = {}, Class = handlerOf({ group, ...options })) {
    const process = await startConsumers([Class], {
      commandTimeoutMs: 15_000,
      consumer: { tenants: [tenant] },
    });
    open.push(process);
    return process;
  }

  function handlerOf(options: HandlerOptions): new () => Handler {
    @EventHandler(options)
    class Bill implements Handler {
      handle(): void {
        // nothing to do
      }
    }
    return Bill;
  }

  const count = async (n: number): Promise<void> =>
    eventually(`there are ${n}`, async () => (await members.list(group)).length === n);

  it('say of themselves with which handler and options they run it', async () => {
    await run({ types: ['log.*', 'llm.*'], version: 3, concurrency: 7, maxAttempts: 2 });
    await count(1);
    const [member] = await members.list(group);
    expect(member).toMatchObject({
      handler: 'Bill',
      types: ['log.*', 'llm.*'],
      ordering: 'none',
      hasCanHandle: false,
      concurrency: 7,
      leaseMs: 60_000,
      maxAttempts: 2,
      version: 3,
      fingerprint: expect.stringMatching(/^[0-9a-f]{12}$/),
    });
    expect(member?.idleMs).toBeGreaterThanOrEqual(0);
  });

  it('are gone when they stop, and nothing is left of the last one', async () => {
    const first = await run();
    await run();
    await count(2);
    await first.close();
    await count(1);
    await open.pop()?.close();
    expect(await members.list(group)).toEqual([]);
    expect(await api.redis.commands.exists(groupMembersKey(group))).toBe(0);
  });

  it('are gone when they give no sign of life, although they said goodbye to nobody', async () => {
    const team = ANNOUNCED.team + group;
    await members.announce(group, 'dead', { ...ANNOUNCED, team });
    expect(await members.list(group)).toHaveLength(1);
    // As if it had announced itself long ago.
    const key = groupMembersKey(group);
    const text = (await api.redis.commands.hget(key, 'm:dead')) ?? '';
    const old = Number(text.split(' ')[0]) - 20_000;
    await api.redis.commands.hset(key, 'm:dead', text.replace(/^\d+/, String(old)));
    expect(await members.list(group)).toEqual([]);
    // Its heartbeat counts as much.
    await api.redis.commands.zadd(WORK_KEYS.members(team), Date.now() + 60_000, 'dead');
    expect(await members.list(group)).toMatchObject([{ name: 'dead' }]);
    await api.redis.commands.del(WORK_KEYS.members(team));
  });

  it('are forgotten by the next who announces itself, with their fingerprint', async () => {
    await members.announce(group, 'dead', { ...ANNOUNCED, version: 1 });
    const key = groupMembersKey(group);
    const text = (await api.redis.commands.hget(key, 'm:dead')) ?? '';
    await api.redis.commands.hset(key, 'm:dead', text.replace(/^\d+/, '1000'));
    await members.announce(group, 'alive', { ...ANNOUNCED, version: 2 });
    const fields = await api.redis.commands.hkeys(key);
    expect(fields.filter((field) => field.startsWith('m:'))).toEqual(['m:alive']);
    expect(fields.filter((field) => field.startsWith('f:'))).toHaveLength(1);
  });

  it('that want the same have one fingerprint, whatever they do at once; a view has the newest first', async () => {
    const types = ['b.*', 'a.*'];
    const since = await members.announce(group, 'one', { ...ANNOUNCED, types });
    await members.announce(group, 'two', { ...ANNOUNCED, types: [...types].reverse(), concurrency: 1 });
    await members.announce(group, 'three', { ...ANNOUNCED, types: undefined }, since + 10);
    await members.announce(group, 'four', { ...ANNOUNCED, version: 2 });
    await members.announce(group, 'five', { ...ANNOUNCED, version: 1 });
    const view = await members.view(group);
    expect(view.map((one) => [...one.members].sort())).toEqual([
      ['four'],
      ['five'],
      ['three'],
      ['one', 'two'],
    ]);
    expect(view[2]).toMatchObject({ types: undefined, version: undefined, ordering: 'none' });
  });

  it('of a version that is deployed once more, after it was gone, are the newest', async () => {
    const [older, newer] = [ANNOUNCED, { ...ANNOUNCED, types: ['llm.*'] }];
    const since = await members.announce(group, 'one', older);
    await members.announce(group, 'two', newer, since + 10);
    expect((await members.view(group))[0]?.members).toEqual(['two']);
    // One that Redis forgot while it lived is not: it knows since when.
    await members.withdraw(group, 'one', older);
    expect(await members.announce(group, 'one', older, since)).toBe(since);
    await members.withdraw(group, 'one', older);
    expect(await members.announce(group, 'one', older, since + 20)).toBe(since + 20);
    await eventually(
      'the view is read again',
      async () => (await members.view(group))[0]?.members[0] === 'one',
    );
  });

  it('are read once for all who ask within a second', async () => {
    await members.announce(group, 'one', ANNOUNCED);
    const reads = jest.spyOn(api.redis.commands, 'hgetall');
    const views = await Promise.all([members.view(group), members.view(group), members.view(group)]);
    expect(reads).toHaveBeenCalledTimes(1);
    expect(new Set(views).size).toBe(1);
    await eventually('it is read again', async () => (await members.view(group)) !== views[0]);
  });

  it('count what they did, in all processes together, in the minute it was said', async () => {
    const counts = { handled: 3, failed: 2, dead: 1 };
    await members.announce(group, 'one', ANNOUNCED, 0, counts);
    await members.announce(group, 'two', ANNOUNCED, 0, counts);
    await members.withdraw(group, 'one', ANNOUNCED, counts);
    const fields = Object.entries(await api.redis.commands.hgetall(groupCountsKey(group)));
    const sum = (what: string): number =>
      fields.reduce((total, [name, n]) => total + (name.endsWith(`:${what}`) ? Number(n) : 0), 0);
    expect([sum('handled'), sum('failed'), sum('dead')]).toEqual([9, 6, 3]);
    expect(await api.redis.commands.pttl(groupCountsKey(group))).toBeGreaterThan(0);
    // Minutes that are over do not pile up.
    await api.redis.commands.hset(groupCountsKey(group), '1:handled', 5);
    await members.announce(group, 'one', ANNOUNCED, 0, counts);
    expect(await api.redis.commands.hexists(groupCountsKey(group), '1:handled')).toBe(0);
  });

  it('who starts while others run the group in another way is told what differs and what to do', async () => {
    const warn = jest.spyOn(testLogger, 'warn');
    const said = (): string[] =>
      warn.mock.calls.map(([text]) => String(text)).filter((text) => text.includes(`"${group}"`));
    await run({ types: ['log.*'] });
    await count(1);
    await run({ types: ['log.*'], concurrency: 3 });
    await count(2);
    expect(said()).toEqual([]);
    await run({ types: ['llm.*'], version: 2 });
    await count(3);
    await eventually('it is warned', () => said().length > 0);
    expect(said()).toHaveLength(1);
    expect(said()[0]).toMatch(/types: log\.\* there, llm\.\* here; version: not given there, 2 here/);
    expect(said()[0]).toMatch(/rolling deploy/);
    expect(said()[0]).toMatch(/a group of its own/);
  });
});
