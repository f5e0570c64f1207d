import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../../support/eventually.js';
import type { SeededRandom } from '../../support/seeded-random.js';
import { END_RUN, EXECUTOR, STOP_EMITTING } from './app-config.js';
import { ask } from './ask.js';
import { newTally, OutsideProducer, type ProducerTally } from './outside-producer.js';
import { type Stage, urlOf } from './stage.js';
import type { Stored } from './stored.js';
import { Watcher } from './watcher.js';

export interface CastOptions {
  /** Half of them produced by executors, half from outside. */
  runs: number;
  watchers: number;
  /** Of each run. */
  eventsPerSecond: number;
  textBytes: number;
  /** Everybody knows only the common address of the instances. Default: a third of the watchers. */
  frontOnly?: boolean;
}

const SETTLED_WITHIN_MS = 60_000;
const OVER_WITHIN_MS = 30_000;
const FINISHED_WITHIN_MS = 120_000;
const RETRY_MS = 500;

/** Those who use the service in a scenario: producers outside, runs of the executor, and watchers of both. */
export class Cast {
  readonly producers: OutsideProducer[] = [];
  readonly watchers: Watcher[] = [];
  readonly tally: ProducerTally = newTally();
  /** Every run that ever was. */
  readonly runIds: string[] = [];
  private insideRuns: string[] = [];
  private readonly watching: Promise<void>[] = [];
  private producing: Promise<void>[] = [];
  private turn = 0;
  private isClosed = false;
  private numbered = 0;
  private withheld: (() => void)[] = [];

  constructor(
    private readonly stage: Stage,
    private readonly stored: Stored,
    private readonly options: CastOptions,
    private readonly random: SeededRandom,
  ) {}

  /** Starts all runs and their watchers, but for those that come later. */
  async begin(): Promise<void> {
    const { runs, eventsPerSecond, textBytes } = this.options;
    const outside = Math.ceil(runs / 2);
    for (let i = 0; i < outside; i++) {
      this.producers.push(
        new OutsideProducer({
          name: `outside-${i}`,
          nextUrl: () => this.nextUrl(),
          random: this.random,
          eventsPerSecond,
          textBytes,
          tally: this.tally,
          onRun: (runId) => {
            this.runBegan(runId);
          },
        }),
      );
    }
    for (const producer of this.producers) await producer.begin();
    for (let i = outside; i < runs; i++) await this.createInside();
    this.producing = this.producers.map((producer) => producer.produce());
    for (const one of this.producing) one.catch(() => undefined); // finish() meets it
  }

  /** Lets in watchers that were kept for later: all of them, or a share. */
  letIn(share = 1): void {
    const count = Math.ceil(this.withheld.length * share);
    for (const begin of this.withheld.splice(0, count)) begin();
  }

  /** Starts a run of the executor for each whose data is gone. */
  async replaceLost(): Promise<void> {
    const before = this.insideRuns;
    this.insideRuns = [];
    for (const runId of before) {
      if ((await this.stored.tail(runId, 1)).length > 0) this.insideRuns.push(runId);
      else await this.createInside();
    }
  }

  /** Runs that are produced for at present. */
  get liveRuns(): { inside: readonly string[]; outside: readonly string[] } {
    return { inside: this.insideRuns, outside: this.producers.map(({ runId }) => runId) };
  }

  /**
   * Ends production, waits until all is handled, ends the runs, and waits until every watcher knows.
   *
   * @throws Error with what did not come to an end in time
   */
  async finish(): Promise<void> {
    const limit = new AbortController();
    const late = delay(FINISHED_WITHIN_MS, undefined, { signal: limit.signal, ref: false }).then(() => {
      this.close();
      throw new Error(`What was begun did not come to an end within ${FINISHED_WITHIN_MS / 1000} s.`);
    });
    try {
      await Promise.race([late, this.finishInOrder()]);
    } finally {
      limit.abort();
      late.catch(() => undefined);
    }
  }

  private async finishInOrder(): Promise<void> {
    this.letIn();
    for (const producer of this.producers) producer.stop();
    await Promise.all(this.producing);
    await Promise.all(this.insideRuns.map((runId) => this.tell(runId, STOP_EMITTING)));
    await this.quiet();
    await eventually('every group has settled everything', () => this.stored.isSettled(), SETTLED_WITHIN_MS);
    await Promise.all(this.insideRuns.map((runId) => this.tell(runId, END_RUN)));
    await Promise.all(this.producers.map((producer) => producer.complete()));
    // Who does not come to an end is for the checker to tell.
    await Promise.race([Promise.all(this.watching), delay(OVER_WITHIN_MS, undefined, { ref: false })]);
  }

  close(): void {
    this.isClosed = true;
    for (const producer of this.producers) producer.giveUp();
    for (const watcher of this.watchers) watcher.close();
  }

  /** No numbered event comes any more: executors have stopped emitting, and have nothing left to store. */
  private async quiet(): Promise<void> {
    let before = '';
    await eventually(
      'executors have stopped emitting',
      async () => {
        const tails = await Promise.all(this.insideRuns.map((runId) => this.stored.tail(runId, 1)));
        const now = tails.map(([last]) => last?.id).join();
        const isQuiet = now === before;
        before = now;
        if (!isQuiet) await delay(1000);
        return isQuiet;
      },
      SETTLED_WITHIN_MS,
    );
  }

  private async createInside(): Promise<void> {
    const { eventsPerSecond, textBytes } = this.options;
    const input = { interval_ms: Math.round(1000 / eventsPerSecond), text: 'x'.repeat(textBytes) };
    const body = JSON.stringify({ task: 'a run inside', executor: EXECUTOR, input });
    const answer = await this.until(() => ask(`${this.nextUrl()}/runs`, { method: 'POST', body }));
    const runId = String(answer['id']);
    this.insideRuns.push(runId);
    this.runBegan(runId);
  }

  private async tell(runId: string, type: string): Promise<void> {
    const [category, action] = type.split('.');
    const body = JSON.stringify({ event: { category, action }, idempotency_key: type });
    await this.until(() => ask(`${this.nextUrl()}/runs/${runId}/events`, { method: 'POST', body }));
  }

  private async until(send: () => ReturnType<typeof ask>): Promise<Record<string, unknown>> {
    while (!this.isClosed) {
      const answer = await send();
      if (answer.status === 200 || answer.status === 201) return answer.body;
      if (answer.status !== 0 && answer.status !== 503) {
        throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
      }
      await delay(RETRY_MS);
    }
    throw new Error('It was never answered.');
  }

  private runBegan(runId: string): void {
    this.runIds.push(runId);
    const share = Math.max(1, Math.round(this.options.watchers / this.options.runs));
    for (let i = 0; i < share; i++) this.addWatcher(runId);
  }

  private addWatcher(runId: string): void {
    const number = ++this.numbered;
    const kind = this.random.next() < 0.8 ? 'event-source' : 'reader';
    const isFiltered = this.random.next() < 0.15;
    const { serviceProxies, front } = this.stage;
    // An EventSource comes back to where it was; a third of them know only the common address.
    const place = this.random.integer(0, serviceProxies.length);
    const url = urlOf((!this.options.frontOnly && serviceProxies[place]) || front);
    const watcher = new Watcher({
      name: `${kind} ${number}`,
      runId,
      kind,
      url: () => url,
      ...(isFiltered && { type: 'log.*,lifecycle.*' }),
    });
    const begin = (): void => {
      this.watchers.push(watcher);
      this.watching.push(watcher.watch());
    };
    if (this.random.next() < 0.2) this.withheld.push(begin);
    else begin();
  }

  private nextUrl(): string {
    const { serviceProxies, front } = this.stage;
    if (this.options.frontOnly) return urlOf(front);
    return urlOf(serviceProxies[this.turn++ % serviceProxies.length]!);
  }
}
