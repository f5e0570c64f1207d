import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { SeededRandom } from '../../support/seeded-random.js';
import { ask, type Asked } from './ask.js';
import type { NumberedData } from './app-config.js';
import type { Acknowledged } from './service-history.js';

const CUT_RETRY_MS = 200;
const MAX_BATCH = 3;

/** What all outside producers together have met. */
export interface ProducerTally {
  acknowledged: Acknowledged[];
  unavailable: number;
  longestAnswerMs: number;
  /** Answers that nothing in the protocol leads to expect. */
  odd: string[];
}

export function newTally(): ProducerTally {
  return { acknowledged: [], unavailable: 0, longestAnswerMs: 0, odd: [] };
}

export interface OutsideProducerOptions {
  name: string;
  /** Where the next request goes: another one after a failure. */
  nextUrl: () => string;
  random: SeededRandom;
  eventsPerSecond: number;
  textBytes: number;
  tally: ProducerTally;
  onRun: (runId: string) => void;
}

/**
 * Appends numbered events with idempotency keys to a run of its own, and repeats each append until it is answered, as
 * docs/protocol.md has it. When its run is gone it starts another one.
 */
export class OutsideProducer {
  runId = '';
  /** When the last event was acknowledged, in ms since the epoch. */
  lastAckAt = 0;
  private n = 0;
  private generation = 0;
  private url: string;
  private readonly stopping = new AbortController();
  private hasGivenUp = false;

  constructor(private readonly options: OutsideProducerOptions) {
    this.url = options.nextUrl();
  }

  /** Creates its run. */
  async begin(): Promise<void> {
    this.generation++;
    const key = randomUUID();
    const body = JSON.stringify({ task: 'a run from outside' });
    const answer = await this.until((url) => post(`${url}/runs`, body, undefined, key), [201]);
    this.runId = String(answer['id']);
    this.n = 0;
    this.options.onRun(this.runId);
  }

  /** Produces until `stop()`. */
  async produce(): Promise<void> {
    const { eventsPerSecond, random } = this.options;
    const { signal } = this.stopping;
    let dueAt = performance.now();
    while (!signal.aborted) {
      const size = random.integer(1, MAX_BATCH);
      await this.append(size);
      dueAt = Math.max(dueAt + (size / eventsPerSecond) * 1000, performance.now() - 1000);
      const waitMs = dueAt - performance.now();
      if (waitMs > 0) await delay(waitMs, undefined, { signal }).catch(() => undefined);
    }
  }

  stop(): void {
    this.stopping.abort();
  }

  /** What waits for an answer waits no longer. */
  giveUp(): void {
    this.stop();
    this.hasGivenUp = true;
  }

  /** Ends its run. */
  async complete(): Promise<void> {
    const event = { event: { category: 'lifecycle', action: 'completed' }, idempotency_key: 'the end' };
    await this.until((url) => post(this.eventsOf(url), JSON.stringify(event)), [201, 404]);
  }

  private async append(size: number): Promise<void> {
    const { name, random, textBytes, tally } = this.options;
    const by = `${name}.${this.generation}`;
    const first = this.n + 1;
    const events = Array.from({ length: size }, (_, i) => ({
      event: { category: 'log', action: 'stdout' },
      data: { by, n: first + i, text: 'x'.repeat(textBytes) } satisfies NumberedData,
      idempotency_key: `${by}-${first + i}`,
    }));
    const isNdjson = random.next() < 0.3;
    const [body, type] = isNdjson
      ? [events.map((event) => `${JSON.stringify(event)}\n`).join(''), 'application/x-ndjson']
      : [JSON.stringify(events), 'application/json'];
    const answer = await this.until((url) => post(this.eventsOf(url), body, type), [200, 201, 404]);
    if (answer['code'] === 'RUN_NOT_FOUND') {
      await this.begin();
      return;
    }
    const at = Date.now();
    this.n += size;
    this.lastAckAt = at;
    // NDJSON is answered with the last id alone.
    const ids = (answer['ids'] as string[] | undefined) ?? [String(answer['last_id'])];
    ids.forEach((id, i) => {
      tally.acknowledged.push({ runId: this.runId, id, by, n: this.n - ids.length + 1 + i, at });
    });
  }

  private eventsOf(url: string): string {
    return `${url}/runs/${this.runId}/events`;
  }

  /** Repeats a request until it is answered with one of these statuses. */
  private async until(
    send: (url: string) => Promise<Asked>,
    statuses: readonly number[],
  ): Promise<Record<string, unknown>> {
    const { tally, nextUrl } = this.options;
    for (;;) {
      if (this.hasGivenUp) throw new Error(`The producer of ${this.runId} was never answered.`);
      const answer = await send(this.url);
      if (answer.status === 0) {
        this.url = nextUrl();
        await delay(CUT_RETRY_MS);
        continue;
      }
      tally.longestAnswerMs = Math.max(tally.longestAnswerMs, answer.tookMs);
      if (statuses.includes(answer.status)) return answer.body;
      if (answer.status === 503) {
        tally.unavailable++;
        if (answer.retryAfterMs === undefined) tally.odd.push('503 without Retry-After');
      } else tally.odd.push(`${answer.status} ${JSON.stringify(answer.body)}`.slice(0, 300));
      await delay(answer.retryAfterMs ?? CUT_RETRY_MS);
    }
  }
}

function post(url: string, body: string, contentType?: string, key?: string): Promise<Asked> {
  return ask(url, {
    method: 'POST',
    body,
    ...(contentType !== undefined && { contentType }),
    ...(key !== undefined && { idempotencyKey: key }),
  });
}
