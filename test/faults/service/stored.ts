import { Keyspace, type RawEntry, readEntry } from '../../../src/event-store/index.js';
import type { RedisClient } from '../../../src/redis/index.js';
import { EFFECT, type EffectData, GROUPS, NUMBERED, type NumberedData } from './app-config.js';
import type { LogEvent, ServiceHistory } from './service-history.js';

const TENANT = 'default';
const PAGE = 1000;

/** Reads from Redis itself what became of everything. */
export class Stored {
  private readonly keys = new Keyspace(false);

  constructor(private readonly redis: RedisClient) {}

  /** The log of a run; undefined when there is no such run. */
  async log(runId: string): Promise<LogEvent[] | undefined> {
    const { events } = this.keys.run(TENANT, runId);
    const found: LogEvent[] = [];
    let from = '-';
    for (;;) {
      const page = (await this.redis.xrange(events, from, '+', 'COUNT', PAGE)) as RawEntry[];
      found.push(...page.map(toLogEvent));
      const last = page.at(-1);
      if (!last || page.length < PAGE) break;
      from = `(${last[0]}`;
    }
    return found.length > 0 ? found : undefined;
  }

  /** The newest events of a run, the newest first. */
  async tail(runId: string, count: number): Promise<LogEvent[]> {
    const entries = await this.redis.xrevrange(this.keys.run(TENANT, runId).events, '+', '-', 'COUNT', count);
    return (entries as RawEntry[]).map(toLogEvent);
  }

  async dead(): Promise<ServiceHistory['dead']> {
    const letters = await Promise.all(
      GROUPS.map(async ({ name }) => {
        const { dead } = this.keys.group(TENANT, 0, name);
        const entries = (await this.redis.xrange(dead, '-', '+')) as RawEntry[];
        return entries.map(([, fields]) => ({
          group: name,
          event: `${valueOf(fields, 'r')}/${valueOf(fields, 'i')}`,
        }));
      }),
    );
    return letters.flat();
  }

  /** Whether every group has been given all that there is, and nothing of it is pending. */
  async isSettled(): Promise<boolean> {
    const { journal } = this.keys.partition(TENANT, 0);
    const [tip] = await this.redis.xrevrange(journal, '+', '-', 'COUNT', 1);
    const groups = (await this.redis.xinfo('GROUPS', journal)) as unknown[][];
    return GROUPS.every(({ name }) => {
      const fields = groups.find((one) => one[1] === name) ?? [];
      const value = (field: string): unknown => fields[fields.indexOf(field) + 1];
      return value('pending') === 0 && value('last-delivered-id') === tip?.[0];
    });
  }
}

function toLogEvent(raw: RawEntry): LogEvent {
  const { id, type, body, ends } = readEntry(raw);
  const event: LogEvent = { id, type, isTerminal: ends !== undefined };
  if (type !== NUMBERED && type !== EFFECT) return event;
  const { data } = JSON.parse(`{${body}}`) as { data: NumberedData & EffectData };
  return type === NUMBERED
    ? { ...event, numbered: { by: data.by, n: data.n } }
    : { ...event, effect: { group: data.group, for: data.for } };
}

function valueOf(fields: readonly string[], name: string): string {
  for (let i = 0; i < fields.length; i += 2) if (fields[i] === name) return fields[i + 1] ?? '';
  return '';
}
