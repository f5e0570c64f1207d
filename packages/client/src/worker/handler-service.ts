import type { RunstreamClient } from '../client.js';
import { RunstreamClientError } from '../errors.js';
import { sleep } from '../http/retry.js';
import { type Asking, askForWork, patiently, Room, WAIT_SECONDS } from './asking.js';
import {
  type Delivery,
  HandlerContext,
  type HandlerFunction,
  type HandlerOptions,
  type Settlement,
} from './handler-context.js';
import { FailError, RetryError, textOf } from './outcomes.js';

const DEFAULT_CONCURRENCY = 10;
/** Events that wait here, beside those that are being handled: they hide the way to the service and back. */
const PREFETCH = 10;
const MAX_ITEMS = 100;
const MAX_BATCH_CHARS = 2 ** 18;

interface Held {
  delivery: Delivery;
  /** Another worker has it. */
  lost: AbortController;
  stopping: AbortController;
}

/** A group that this worker serves. */
export class HandlerService {
  readonly room: Room;
  private readonly concurrency: number;
  private readonly held = new Set<Held>();
  private readonly waiting: Held[] = [];
  private readonly settled: { held: Held; settlement: Settlement }[] = [];
  private readonly stopping = new AbortController();
  private readonly over = new AbortController();
  private handling = 0;
  private settling: Promise<void> | undefined;

  constructor(
    private readonly client: RunstreamClient,
    private readonly asking: Asking,
    private readonly group: string,
    private readonly options: HandlerOptions,
    private readonly handle: HandlerFunction,
    private readonly fail: (error: unknown) => void,
  ) {
    this.concurrency = options.concurrency ?? DEFAULT_CONCURRENCY;
    this.room = new Room(this.concurrency + PREFETCH);
  }

  async serve(): Promise<void> {
    const { concurrency: _, ...definition } = this.options;
    const { retryMs, name: worker } = this.asking;
    const stopping = this.stopping.signal;
    const { consumers } = this.client;
    const put = await patiently(() => consumers.put(this.group, definition), retryMs, stopping);
    this.keepLeases(put.lease_seconds * 1000).catch(this.fail);
    await askForWork(
      retryMs,
      stopping,
      this.room,
      // Many at a time, but never so late that one could be handled and is not here.
      PREFETCH / 2,
      async (claim_id, max) => {
        const body = { worker, claim_id, max, wait_seconds: WAIT_SECONDS };
        return (await consumers.deliveries(this.group, body, { signal: stopping }))?.deliveries;
      },
      (delivery) => {
        const held = { delivery, lost: new AbortController(), stopping: new AbortController() };
        this.held.add(held);
        this.waiting.push(held);
        this.handleMore();
      },
    );
    // Not waited for: within the grace period it is tried again and again.
    this.giveBack().catch((error: unknown) => {
      if (!this.over.signal.aborted) this.asking.onError(error, `${this.group} could not give events back`);
    });
  }

  stop(): void {
    this.stopping.abort();
    for (const { stopping } of this.held) stopping.abort();
  }

  /** The grace period is over. What is not settled comes again, to another, when its lease ends. */
  abandon(): void {
    this.over.abort();
  }

  private handleMore(): void {
    while (this.handling < this.concurrency && !this.stopping.signal.aborted) {
      const next = this.waiting.shift();
      if (!next) return;
      this.handling++;
      void this.handleOne(next).finally(() => {
        this.handling--;
        this.handleMore();
      });
    }
  }

  private async handleOne(held: Held): Promise<void> {
    if (held.lost.signal.aborted) {
      this.drop(held);
      return;
    }
    const { id, token } = held.delivery;
    this.settled.push({ held, settlement: { id, token, ...(await this.outcomeOf(held)) } });
    this.settling ??= this.settleAll();
  }

  /** What was not begun, others may have at once. */
  private async giveBack(): Promise<void> {
    const left = this.waiting.splice(0);
    for (let from = 0; from < left.length; from += MAX_ITEMS) {
      const some = left.slice(from, from + MAX_ITEMS);
      await this.settle(some.map(({ delivery: { id, token } }) => ({ id, token, outcome: 'release' })));
      for (const held of some) this.drop(held);
    }
  }

  private async outcomeOf({ delivery, lost, stopping }: Held): Promise<Omit<Settlement, 'id' | 'token'>> {
    const context = new HandlerContext(delivery, this.client, lost.signal, stopping.signal);
    try {
      await this.handle(delivery.event, context);
      return { outcome: 'success', ...context.effects };
    } catch (error) {
      if (error instanceof FailError) return { outcome: 'fail', error: textOf(error) };
      if (!(error instanceof RetryError))
        this.asking.onError(error, `${this.group} failed at event ${delivery.event.id}`);
      const after = error instanceof RetryError && error.afterMs !== undefined;
      return { outcome: 'retry', error: textOf(error), ...(after && { delay_ms: error.afterMs }) };
    }
  }

  /** As many at a time as there are. */
  private async settleAll(): Promise<void> {
    try {
      // What ends in one go is settled together.
      await Promise.resolve();
      while (this.settled.length > 0) {
        let chars = 0;
        const tooMany = this.settled.findIndex(
          ({ settlement }, at) =>
            at >= MAX_ITEMS || (chars += JSON.stringify(settlement).length) > MAX_BATCH_CHARS,
        );
        const batch = this.settled.splice(0, tooMany === -1 ? this.settled.length : Math.max(tooMany, 1));
        await this.settle(batch.map(({ settlement }) => settlement));
        for (const { held } of batch) this.drop(held);
      }
    } catch (error) {
      if (!this.over.signal.aborted) this.fail(error);
    } finally {
      this.settling = undefined;
    }
  }

  private async settle(settlements: Settlement[]): Promise<void> {
    const { signal } = this.over;
    const [first] = settlements;
    try {
      await patiently(
        () => this.client.consumers.settle(this.group, { settlements }, { signal }),
        this.asking.retryMs,
        signal,
      );
    } catch (error) {
      const isWrong = error instanceof RunstreamClientError && [400, 413].includes(error.status);
      if (!isWrong || !first) throw error;
      // What is wrong with one of them must not hold up the others.
      if (settlements.length > 1) for (const one of settlements) await this.settle([one]);
      else if (first.outcome !== 'success') throw error;
      else {
        const { id, token } = first;
        await this.settle([{ id, token, outcome: 'retry', error: textOf(error) }]);
      }
    }
  }

  private async keepLeases(leaseMs: number): Promise<void> {
    const { signal } = this.over;
    try {
      for (;;) {
        await sleep(leaseMs / 3, signal);
        const all = [...this.held];
        for (let from = 0; from < all.length; from += MAX_ITEMS) {
          await this.renew(all.slice(from, from + MAX_ITEMS));
        }
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  private async renew(some: readonly Held[]): Promise<void> {
    const { signal } = this.over;
    const leases = some.map(({ delivery: { id, token } }) => ({ id, token }));
    const answer = await patiently(
      () => this.client.consumers.renewLeases(this.group, { leases }, { signal }),
      this.asking.retryMs,
      signal,
    );
    const lost = new Set(answer.leases.filter((one) => one.lease_expires_at === null).map(({ id }) => id));
    for (const held of some) if (lost.has(held.delivery.id)) held.lost.abort();
  }

  private drop(held: Held): void {
    this.held.delete(held);
    this.room.give();
  }
}
