import {
  type DispatchEntry,
  type DispatchSource,
  type DispatchStanding,
  type DispatchStore,
  ofWorkers,
  type TakeUp,
  type TakeUpOptions,
  workerConsumer,
} from '../../event-store/index.js';
import { exhausted, handedOutAgain, lost, restarted } from '../../dispatch/index.js';
import { mostDeathsAlone } from '../../executors/index.js';
import type { WorkSource } from '../waiting/wait-queue.js';
import { type ClaimedRun, leaseToken } from './claimed-run.js';
import type { WorkerExecutor } from './worker-executors.js';

/** Who asks for runs, and on which terms. */
export interface RunsAsked {
  worker: string;
  executor: WorkerExecutor;
}

/** Of consumers that are no workers': there are none. */
const LEASE_MS = 30_000;
/** Only what was given back is so old to the day after an outage. */
const GIVEN_BACK_MS = 12 * 3600 * 1000;
/** What was lost is looked for so often at most, in milliseconds, unless somebody says that there is some. */
const LOST_EVERY_MS = 1000;
/** What could be lost, and was not taken, is looked at again after so many milliseconds. */
const LEFT_AGAIN_MS = 250;
/** Of consumers that hold nothing and were silent for so long nobody needs the name. */
const SILENT_MS = 60_000;

/** The runs of one tenant that wait for one executor of its workers. */
export class RunSource implements WorkSource<RunsAsked, ClaimedRun> {
  private lookedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly dispatch: DispatchStore,
    private readonly standing: DispatchStanding,
    private readonly tenantId: string,
    private readonly name: string,
    private readonly partitions: () => readonly number[],
  ) {}

  /** Throws only where it has nothing: what was taken up before an error would be lost with its answer. */
  async take(asked: RunsAsked, most: number, all: boolean): Promise<ClaimedRun[]> {
    const claimed: ClaimedRun[] = [];
    const problems: unknown[] = [];
    const noting = (error: unknown): false => {
      problems.push(error);
      return false;
    };
    const looksForLost = all || performance.now() - this.lookedAt > LOST_EVERY_MS;
    if (looksForLost) {
      this.lookedAt = performance.now();
      for (const source of this.sources()) {
        if (claimed.length >= most) break;
        if (await this.takeLost(source, asked, most, claimed).catch(noting)) return claimed;
      }
    }
    for (const source of this.sources()) await this.beginNew(source, asked, most, claimed).catch(noting);
    if (claimed.length === 0 && problems.length > 0) throw problems[0];
    return claimed;
  }

  async available(): Promise<number> {
    const { pending } = await this.standing.countRuns({
      tenantId: this.tenantId,
      executor: ofWorkers(this.name),
    });
    return pending;
  }

  async nextInMs(): Promise<number | undefined> {
    const outlooks = await Promise.all(this.sources().map((source) => this.outlook(source)));
    const soonest = outlooks.flatMap(({ staleInMs }) => staleInMs ?? []);
    if (soonest.length === 0) return undefined;
    // What is stale, and was left by the look a moment ago, is held for longer than its entry says, or it is too soon
    // after an outage.
    return Math.min(...soonest) || LEFT_AGAIN_MS;
  }

  async giveBack(_: RunsAsked, runs: readonly ClaimedRun[]): Promise<void> {
    await Promise.all(
      runs.map(({ entry, consumer, fence }) => this.dispatch.release(entry, consumer, fence)),
    );
  }

  /** @returns whether what was claimed is to be given out alone */
  private async takeLost(
    source: DispatchSource,
    asked: RunsAsked,
    most: number,
    claimed: ClaimedRun[],
  ): Promise<boolean> {
    const { leaseMs } = asked.executor;
    const consumer = workerConsumer(asked.worker, leaseMs);
    const patient = await this.dispatch.isPatient(leaseMs, this.tenantId, source.partition ?? 0);
    const lookFor = patient ? leaseMs : GIVEN_BACK_MS;
    let entries: DispatchEntry[];
    try {
      entries = await this.dispatch.claim(source, consumer, lookFor, most - claimed.length);
    } catch (error) {
      if (!this.dispatch.isGroupLost(error)) throw error;
      return false;
    }
    const suspects: DispatchEntry[] = [];
    for (const entry of entries) {
      const one = await this.takeUp(entry, asked, patient, false);
      if (one === 'suspect') suspects.push(entry);
      else if (one) claimed.push(one);
    }
    const [first] = suspects;
    const isAlone = first !== undefined && claimed.length === 0;
    if (isAlone) {
      const one = await this.takeUp(first, asked, patient, true);
      if (typeof one === 'object') claimed.push(one);
    }
    for (const entry of suspects.slice(isAlone ? 1 : 0)) await this.dispatch.release(entry, consumer);
    await this.dispatch.forgetConsumers(source, Math.max(10 * leaseMs, SILENT_MS));
    return isAlone && claimed.length > 0;
  }

  private async beginNew(
    source: DispatchSource,
    asked: RunsAsked,
    most: number,
    claimed: ClaimedRun[],
  ): Promise<void> {
    const consumer = workerConsumer(asked.worker, asked.executor.leaseMs);
    let isMore = true;
    // Runs that ended before anybody had them leave room for those behind them.
    while (isMore && claimed.length < most) {
      const room = most - claimed.length;
      const entries = await this.takeNew(source, consumer, room);
      const begun = await Promise.allSettled(entries.map((entry) => this.takeUp(entry, asked, true, false)));
      for (const one of begun) {
        if (one.status === 'fulfilled' && typeof one.value === 'object') claimed.push(one.value);
      }
      for (const one of begun) if (one.status === 'rejected') throw one.reason;
      isMore = entries.length === room;
    }
  }

  private async takeNew(source: DispatchSource, consumer: string, most: number): Promise<DispatchEntry[]> {
    try {
      return await this.dispatch.take(source, consumer, most);
    } catch (error) {
      if (!this.dispatch.isGroupLost(error)) throw error;
      return (await this.dispatch.ensureGroup(source)) ? this.dispatch.take(source, consumer, most) : [];
    }
  }

  private async takeUp(
    entry: DispatchEntry,
    { worker, executor }: RunsAsked,
    patient: boolean,
    alone: boolean,
  ): Promise<ClaimedRun | 'suspect' | undefined> {
    const { leaseMs, onCrash, maxAttempts } = executor;
    const consumer = workerConsumer(worker, leaseMs);
    const terms: TakeUpOptions = {
      ...{ consumer, leaseMs, patient, alone },
      onLost: (attempt) =>
        onCrash === 'restart'
          ? restarted(attempt + 1)
          : lost(`The worker that executed "${this.name}" gave no sign of life for ${leaseMs} ms.`),
      onHandedBack: (attempt) => handedOutAgain(attempt + 1),
      onExhausted: exhausted,
      mostDeathsAlone: mostDeathsAlone(maxAttempts),
    };
    const takeUp = this.dispatch.takeUp(entry, terms);
    const answer: TakeUp = await takeUp();
    if (answer.kind === 'suspect') return 'suspect';
    if (answer.kind !== 'taken') return undefined;
    const { fence, name } = answer.taken;
    return { entry, consumer, fence, token: leaseToken(fence, name), leaseMs };
  }

  private async outlook(source: DispatchSource): Promise<{ staleInMs: number | undefined }> {
    try {
      return await this.dispatch.outlook(source, '', LEASE_MS);
    } catch (error) {
      if (!this.dispatch.isGroupLost(error)) throw error;
      return { staleInMs: undefined };
    }
  }

  private sources(): DispatchSource[] {
    const { tenantId } = this;
    return this.partitions().map((partition) => ({ tenantId, partition, executor: ofWorkers(this.name) }));
  }
}
