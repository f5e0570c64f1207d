import { describe, expect, it } from '@jest/globals';
import { consumerScenes, type ConsumerScene } from '../../test/support/consumer-scene.js';
import { upTo } from '../../test/support/event-store.js';
import type { Delivery } from './delivery.js';
import { GroupRecovery } from './group-recovery.js';
import { GroupSource } from './group-source.js';
import { OwnedIntake } from './intake.js';
import { Lanes } from './lanes.js';
import { Ownership } from './ownership.js';
import { Patience } from './patience.js';

const LEASE_MS = 60_000;

describe('Reading an ordered group', () => {
  const open = consumerScenes();

  /** An intake whose deliverer only writes down what it is given, and whose owner may change while it waits. */
  async function startIntake(scene: ConsumerScene) {
    const { redis, store, commands, group, keys, tenant } = scene;
    const patience = new Patience(redis, LEASE_MS);
    const ownership = new Ownership(commands, keys.owner, 'us', LEASE_MS, patience);
    const settings = { group, consumer: 'us', leaseMs: LEASE_MS, maxAttempts: 5, ownership, handler: '' };
    const source = new GroupSource(tenant, 'journal', commands, store, settings);
    await source.ensureGroup('0');
    let held: string[] = [];
    const forget = (): void => {
      held = [];
    };
    const deliverer = {
      lanes: new Lanes<Delivery>(({ entry }) => entry.id),
      accept: async (deliveries: readonly Delivery[]) => {
        held.push(...deliveries.map(({ entry }) => entry.id));
      },
      forget,
      buried: () => undefined,
      hasFewerThan: async () => undefined,
    };
    const signal = new AbortController().signal;
    const recovery = new GroupRecovery(patience, deliverer, 1000, signal);
    const renew = async (): Promise<void> => {
      if (await ownership.renew()) forget();
    };
    let whileItWaits: () => Promise<void> = async () => undefined;
    const reader = {
      awaitNews: async (sources: readonly GroupSource[]) => {
        await whileItWaits();
        return [...sources];
      },
    };
    const intake = new OwnedIntake(1000, reader, deliverer, recovery, renew);
    await renew();
    return {
      source,
      held: () => held,
      step: () => intake.step(intake.open([source]), 100, 1),
      meanwhile: (work: () => Promise<void>) => {
        whileItWaits = async () => {
          whileItWaits = async () => undefined;
          await work();
        };
      },
      renew,
    };
  }

  /** As an owner does that comes, is given some entries, and dies. */
  async function anotherOwner(
    { commands, keys, journal, group }: ConsumerScene,
    count: number,
  ): Promise<void> {
    await commands
      .multi()
      .hincrby(keys.owner, 'fence', 1)
      .hset(keys.owner, 'consumer', 'another', 'until', 0)
      .exec();
    await commands.xreadgroup('GROUP', group, 'another', 'COUNT', count, 'STREAMS', journal, '>');
  }

  const journalIds = async ({ commands, journal }: ConsumerScene): Promise<string[]> =>
    (await commands.xrange(journal, '-', '+')).map(([id]) => id);

  it('T72 nothing new is read when the group was lost and regained while it waited, before all is taken over', async () => {
    const scene = await open();
    const intake = await startIntake(scene);
    await intake.step();
    await scene.append(...upTo(50).map(String));
    intake.meanwhile(async () => {
      await anotherOwner(scene, 30);
      await intake.renew();
    });
    await intake.step();
    expect(intake.held()).toEqual([]);
    await intake.step();
    expect(intake.held()).toEqual(await journalIds(scene));
  });

  it('T72 a takeover that is overtaken by another owner begins anew, and does not go on in the middle', async () => {
    const scene = await open();
    await scene.append(...upTo(250).map(String));
    const intake = await startIntake(scene);
    await scene.commands.xreadgroup(
      'GROUP',
      scene.group,
      'gone',
      'COUNT',
      300,
      'STREAMS',
      scene.journal,
      '>',
    );
    const { source } = intake;
    const takeOver = source.takeOver.bind(source);
    let pages = 0;
    source.takeOver = async (...args) => {
      if (++pages === 2) {
        await anotherOwner(scene, 1);
        await intake.renew();
      }
      return takeOver(...args);
    };
    await intake.step();
    expect(intake.held()).toEqual([]);
    await intake.step();
    expect(intake.held()).toEqual(await journalIds(scene));
  });
});
