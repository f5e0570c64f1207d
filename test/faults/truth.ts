import { RedisUnavailableError } from '../../src/common/index.js';
import type { EventId, RecordedEvent } from '../../src/events/index.js';
import type { EventStore } from '../../src/event-store/index.js';
import { eventually } from '../support/eventually.js';
import type { TestStore } from '../support/event-store.js';
import type { Commit, FaultHistory, ProducedEvent } from './checker.js';
import type { Acknowledged } from './producer.js';
import type { EffectData } from './workload.js';

type LogPage = Awaited<ReturnType<EventStore['read']>>;

/** Reads from Redis what became of everything. */
export class Truth {
  constructor(private readonly store: TestStore) {}

  /** The producer's events, with the ids that they have. @throws Error when one that was acknowledged is not there */
  async events(runs: readonly Acknowledged[]): Promise<ProducedEvent[]> {
    const found: ProducedEvent[] = [];
    for (const { runId, tasks } of runs) {
      const events = (await this.log(runId)).slice(1);
      const stored = events.map(({ data }) => data['n']);
      const expected = tasks.map(({ n }) => n);
      if (JSON.stringify(stored) !== JSON.stringify(expected)) {
        throw new Error(
          `The log of ${runId} is not what was acknowledged: ${stored.length}, ${expected.length}.`,
        );
      }
      for (const [i, { id, sequence }] of events.entries()) {
        found.push({ id: `${runId}/${id}`, runId, sequence, poisons: tasks[i]?.poisons ?? null });
      }
    }
    return found;
  }

  async commits(effectRuns: readonly string[]): Promise<Commit[]> {
    const found: Commit[] = [];
    for (const runId of effectRuns) {
      for (const { id, sequence, data } of (await this.log(runId)).slice(1)) {
        const effect = data as unknown as EffectData;
        found.push({ ...effect, at: Number(id.split('-')[0]), position: sequence });
      }
    }
    return found;
  }

  async dead(groups: readonly string[]): Promise<FaultHistory['dead']> {
    const letters = await Promise.all(
      groups.map(async (group) => {
        const { dead } = this.store.store.keys.group(this.store.tenant, 0, group);
        const entries = await this.store.redis.commands.xrange(dead, '-', '+');
        return entries.map(([, fields]) => ({
          group,
          event: `${valueOf(fields, 'r')}/${valueOf(fields, 'i')}`,
        }));
      }),
    );
    return letters.flat();
  }

  /** Whether a group has been given everything, and nothing of it is pending. */
  async isSettled(group: string): Promise<boolean> {
    const { commands } = this.store.redis;
    const { journal } = this.store.store.keys.partition(this.store.tenant, 0);
    const [tip] = await commands.xrevrange(journal, '+', '-', 'COUNT', 1);
    const groups = (await commands.xinfo('GROUPS', journal)) as unknown[][];
    const fields = groups.find((one) => one[1] === group) ?? [];
    const value = (name: string): unknown => fields[fields.indexOf(name) + 1];
    return Number(value('pending')) === 0 && value('last-delivered-id') === tip?.[0];
  }

  /** A group as Redis has it, for when something is wrong. */
  async describe(group: string): Promise<string> {
    const { commands } = this.store.redis;
    const { journal } = this.store.store.keys.partition(this.store.tenant, 0);
    const keys = this.store.store.keys.group(this.store.tenant, 0, group);
    const { entries, delayed } = keys.state('journal');
    const pending = (await commands.xpending(journal, group, '-', '+', 10)) as [
      string,
      string,
      number,
      number,
    ][];
    const states = await Promise.all(pending.map(async ([id]) => [id, await commands.hget(entries, id)]));
    return JSON.stringify(
      {
        groups: await commands.xinfo('GROUPS', journal),
        consumers: await commands.xinfo('CONSUMERS', journal, group),
        pending,
        states,
        delayed: await commands.zrange(delayed, '0', '9', 'WITHSCORES'),
        meta: await commands.hgetall(keys.meta),
        owner: await commands.hgetall(keys.owner),
        time: await commands.time(),
      },
      null,
      1,
    );
  }

  private async log(runId: string): Promise<RecordedEvent[]> {
    const found: RecordedEvent[] = [];
    let after: EventId | undefined;
    for (;;) {
      const page = await this.page(runId, after);
      found.push(...page.events.map((entry) => JSON.parse(entry.json.toString()) as RecordedEvent));
      const last = page.events.at(-1);
      if (!last) return found;
      after = last.position;
    }
  }

  /** Right after a failover a read may still go to a connection that is only being made. */
  private async page(runId: string, after: EventId | undefined): Promise<LogPage> {
    let page: LogPage | undefined;
    await eventually('the log is read', async () => {
      page = await this.store.store
        .read(this.store.tenant, runId, { limit: 1000, ...(after && { after }) })
        .catch((error: unknown) => {
          if (!(error instanceof RedisUnavailableError)) throw error;
          return undefined;
        });
      return page !== undefined;
    });
    return page as unknown as LogPage;
  }
}

function valueOf(fields: readonly string[], name: string): string {
  // Fields come in pairs, and values may be called like fields.
  for (let i = 0; i < fields.length; i += 2) if (fields[i] === name) return fields[i + 1] ?? '';
  return '';
}
