import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { RunNotFoundError } from '../../common/index.js';
import { type EventId, type EventInput, parseEventId } from '../../events/index.js';
import {
  isNoGroup,
  isReplyError,
  readGroup,
  redisCall,
  RedisConnections,
  type StreamRow,
  isRedisUnavailable,
} from '../../redis/index.js';
import { DISPATCH_GROUP, type DispatchEntry, type DispatchSource } from './dispatch-entry.js';
import { workerOf } from './worker-names.js';
import { EventStore } from '../log/event-store.js';
import type { RunRecord } from '../log/runs/run-record.js';
import { RunStore } from '../log/runs/run-store.js';
import { WorkSignals } from '../../stream-consumer/index.js';
import { journalWork, redispatchWork } from '../log/store-work.js';
import { SCRIPTS } from '../scripts.js';

/** Pending runs that tell when to look again: the oldest. */
const OUTLOOK = 100;
/** Most runs whose leases one script call extends. */
const BEAT_PAGE = 1000;

/** A run that is executed under a fence. */
export interface TakenRun {
  entry: DispatchEntry;
  run: RunRecord;
  /** Under which its executor appends. */
  fence: number;
  /** Of this taking up: nobody else knows it. */
  name: string;
  /** The last event when it was taken up. */
  position: EventId;
}

/** What became of the attempt to take a run up. */
export type TakeUp =
  | { kind: 'taken'; taken: TakenRun }
  /** It has ended, is gone, or was failed just now. */
  | { kind: 'over' }
  /** Its executor lives. */
  | { kind: 'held' }
  /** The entry is another process's. */
  | { kind: 'lost' }
  /** Its process died twice or more: it is to be taken up alone. */
  | { kind: 'suspect' };

/** Who takes a run up, and on which terms. */
export interface TakeUpOptions {
  consumer: string;
  /** How long the run is ours without a sign of life, in milliseconds. */
  leaseMs: number;
  /** Whether a lease that ran out counts; not so soon after an outage. */
  patient: boolean;
  /** What is appended when its executor was lost, given the attempts so far: a terminal event ends the run. */
  onLost: (attempt: number) => EventInput;
  /** Nothing else is begun beside it: then its next death counts. Default false. */
  alone?: boolean;
  /** Deaths of a run that was taken up alone, after which it ends with `onExhausted`. Default: it never does. */
  mostDeathsAlone?: number;
  /** The terminal event of a run that was lost too often, given the attempts so far. Default: `onLost`. */
  onExhausted?: (attempt: number) => EventInput;
  /**
   * Of an executor outside: what is appended when it gave the run back, or was never heard of, the first time. Then that
   * counts as no death. Default: that is `onLost`, too.
   */
  onHandedBack?: (attempt: number) => EventInput;
}

const NO_LIMIT = 1_000_000_000;

/** What a sign of life was answered: `held`, or why the run is not ours any more. */
export type BeatAnswer = 'held' | 'lost' | 'gone' | 'completed' | 'failed' | 'cancelled';

/**
 * Runs on their way to executors. Each executor has a stream of its own per partition of a tenant, so that a process reads only what
 * it can execute; one consumer group shares them among processes. An entry stays in its stream until its run has ended.
 *
 * Every method throws RedisUnavailableError when Redis can't answer.
 */
@Injectable()
export class DispatchStore {
  constructor(
    private readonly redis: RedisConnections,
    private readonly store: EventStore,
    private readonly runs: RunStore,
    private readonly signals: WorkSignals,
  ) {}

  /**
   * Makes the group where there is none. All that is in the stream is still to be executed, so it begins there.
   *
   * @returns false where nothing ever waited, and there is no stream
   */
  async ensureGroup(source: DispatchSource): Promise<boolean> {
    try {
      await redisCall(this.redis.commands.xgroup('CREATE', this.streamOf(source), DISPATCH_GROUP, '0'));
    } catch (error) {
      if (!isReplyError(error)) throw error;
      if (error.message.includes('requires the key to exist')) return false;
      if (!error.message.startsWith('BUSYGROUP')) throw error;
    }
    return true;
  }

  /** Whether nothing waits to be executed, and nothing is: what is done goes. */
  async isAtRest(source: DispatchSource): Promise<boolean> {
    return (await redisCall(this.redis.commands.xlen(this.streamOf(source)))) === 0;
  }

  /** Hands up to `most` new runs to a process. @throws an error that `isGroupLost()` knows */
  async take(source: DispatchSource, consumer: string, most: number): Promise<DispatchEntry[]> {
    return this.readGroup(source, consumer, '>', most);
  }

  /** The first of a process's own runs after an entry, whether or not it works on them. */
  async readOwn(
    source: DispatchSource,
    consumer: string,
    after: string,
    most: number,
  ): Promise<DispatchEntry[]> {
    return this.readGroup(source, consumer, after, most);
  }

  /**
   * How many runs processes have, and in how many milliseconds the first of another's may be taken over.
   *
   * @param leaseMs of those whose name has none
   */
  async outlook(
    source: DispatchSource,
    consumer: string,
    leaseMs: number,
  ): Promise<{ pending: number; staleInMs: number | undefined }> {
    const rows = (await redisCall(
      this.redis.commands.xpending(this.streamOf(source), DISPATCH_GROUP, '-', '+', OUTLOOK),
    )) as [string, string, number][];
    const left = rows
      .filter(([, who]) => who !== consumer)
      .map(([, who, idleMs]) => Math.max(0, (workerOf(who)?.leaseMs ?? leaseMs) - idleMs));
    return { pending: rows.length, staleInMs: left.length > 0 ? Math.min(...left) : undefined };
  }

  /** Whether a reader's error means that there is no answer at the moment, and nothing worse. */
  readonly isUnavailable = isRedisUnavailable;
  /** Whether an error means that the group is not there (any more): after a flush, or a failover that lost it. */
  isGroupLost(error: unknown): boolean {
    return isNoGroup(error);
  }

  /** Whether Redis was there for so long that a silent process of this tenant's runs must be gone. */
  isPatient(leaseMs: number, tenantId: string, partition: number): Promise<boolean> {
    return this.redis.hasBeenSteadyFor(leaseMs, this.store.keys.partition(tenantId, partition).runs);
  }

  /**
   * A way to take a run up that may be repeated when its answer was lost. A pending run begins; one whose executor was
   * lost is taken over, or ended, as the event of `onLost` says.
   */
  takeUp(entry: DispatchEntry, options: TakeUpOptions): () => Promise<TakeUp> {
    const name = randomUUID();
    return async () => {
      for (;;) {
        const answer = await this.tryTakeUp(entry, name, options);
        if (answer) return answer;
      }
    };
  }

  /** Extends the leases of runs of one source, and says for what each of them waits: types, or nothing. */
  async beat(
    source: DispatchSource,
    consumer: string,
    leaseMs: number,
    held: readonly { runId: string; fence: number; waitingFor: string }[],
  ): Promise<BeatAnswer[]> {
    const answers: BeatAnswer[] = [];
    for (let i = 0; i < held.length; i += BEAT_PAGE) {
      const page = held.slice(i, i + BEAT_PAGE);
      const reply = await SCRIPTS.dispatchBeat.run(
        this.redis.commands,
        [this.streamOf(source), ...page.map(({ runId }) => this.store.keys.run(source.tenantId, runId).run)],
        [DISPATCH_GROUP, consumer, leaseMs, ...page.flatMap(({ fence, waitingFor }) => [fence, waitingFor])],
      );
      answers.push(...(reply as BeatAnswer[]));
    }
    return answers;
  }

  /** Takes over up to `most` entries of a source whose process gave no sign of life for a lease, or gave them back. */
  async claim(
    source: DispatchSource,
    consumer: string,
    leaseMs: number,
    most: number,
  ): Promise<DispatchEntry[]> {
    const stream = this.streamOf(source);
    // XAUTOCLAIM looks at ten entries for each that it may give: with thousands that are held it is called for ever.
    const silent = (await redisCall(
      this.redis.commands.xpending(stream, DISPATCH_GROUP, 'IDLE', leaseMs, '-', '+', most),
    )) as [id: string, ...unknown[]][];
    if (silent.length === 0) return [];
    const ids = silent.map(([id]) => id);
    // Its types want either all options or none of the ids.
    const { commands } = this.redis;
    const xclaim = commands.xclaim.bind(commands) as (...args: (string | number)[]) => Promise<unknown>;
    const rows = (await redisCall(xclaim(stream, DISPATCH_GROUP, consumer, leaseMs, ...ids))) as StreamRow[];
    return rows.map((row) => dispatchEntry(source, row));
  }

  /**
   * Gives an entry back for any process to take up at once; `fence` if its run was begun.
   *
   * @param delay for how long it must not be taken up, at most the lease after which others look; both in milliseconds
   */
  async release(
    entry: DispatchEntry,
    consumer: string,
    fence?: number,
    delay: { ms: number; leaseMs: number } = { ms: 0, leaseMs: 0 },
  ): Promise<void> {
    await this.signals.around([redispatchWork(entry.tenantId, entry.executor, entry.runId)], () =>
      SCRIPTS.dispatchRelease.run(
        this.redis.commands,
        [this.streamOf(entry), this.store.keys.run(entry.tenantId, entry.runId).run],
        [DISPATCH_GROUP, consumer, entry.id, fence ?? '', delay.ms, delay.leaseMs],
      ),
    );
  }

  /** Takes the entry out of its stream if its run has ended or is gone. */
  async settle(entry: DispatchEntry): Promise<void> {
    await SCRIPTS.dispatchSettle.run(
      this.redis.commands,
      [this.streamOf(entry), this.store.keys.run(entry.tenantId, entry.runId).run],
      [DISPATCH_GROUP, entry.id],
    );
  }

  /** Forgets consumers that hold nothing and were silent for so many milliseconds. */
  async forgetConsumers(source: DispatchSource, silentMs: number): Promise<void> {
    await SCRIPTS.dispatchTidy.run(this.redis.commands, [this.streamOf(source)], [DISPATCH_GROUP, silentMs]);
  }

  private async tryTakeUp(
    entry: DispatchEntry,
    name: string,
    {
      consumer,
      leaseMs,
      patient,
      onLost,
      alone = false,
      mostDeathsAlone = NO_LIMIT,
      onExhausted = onLost,
      onHandedBack,
    }: TakeUpOptions,
  ): Promise<TakeUp | undefined> {
    const { tenantId, runId } = entry;
    let run: RunRecord;
    try {
      run = await this.runs.get(tenantId, runId);
    } catch (error) {
      if (!(error instanceof RunNotFoundError)) throw error;
      await this.settle(entry);
      return { kind: 'over' };
    }
    const keys = this.store.keys.run(tenantId, runId);
    const partition = this.store.keys.partitionOf(tenantId, runId);
    const started: EventInput = {
      event: { category: 'lifecycle', action: 'started' },
      data: { task: run.task },
      context: run.context,
    };
    const lost: EventInput = { ...onLost(run.attempt), context: run.context };
    const exhausted: EventInput = { ...onExhausted(run.attempt), context: run.context };
    const handedBack = onHandedBack && { ...onHandedBack(run.attempt), context: run.context };
    const events = [started, lost, exhausted, ...(handedBack ? [handedBack] : [])];
    const [answer, ...values] = (await this.signals.around([journalWork(tenantId, runId)], () =>
      SCRIPTS.takeUp.run(
        this.redis.commands,
        [
          keys.run,
          keys.events,
          keys.idempotencyKeys,
          partition.journal,
          partition.journalLast,
          partition.active,
          this.streamOf(entry),
          partition.index,
        ],
        [
          runId,
          keys.live,
          partition.journalLive,
          ...this.store.limitArgs(),
          DISPATCH_GROUP,
          consumer,
          entry.id,
          leaseMs,
          name,
          patient ? 1 : 0,
          run.attempt,
          alone ? 1 : 0,
          mostDeathsAlone,
          ...this.store.eventArgs(events.map((event) => this.store.prepare(event))),
        ],
      ),
    )) as [string, ...(string | number)[]];
    switch (answer) {
      case 'TAKEN': {
        const [fence, attempt, position] = values;
        return {
          kind: 'taken',
          taken: {
            entry,
            run: { ...run, status: 'running', attempt: Number(attempt) },
            fence: Number(fence),
            name,
            position: parseEventId(String(position)),
          },
        };
      }
      case 'OVER':
        return { kind: 'over' };
      case 'HELD':
        return { kind: 'held' };
      case 'LOST':
        return { kind: 'lost' };
      case 'SUSPECT':
        return { kind: 'suspect' };
      default:
        return undefined;
    }
  }

  private async readGroup(
    source: DispatchSource,
    consumer: string,
    after: string,
    most: number,
  ): Promise<DispatchEntry[]> {
    const of = { stream: this.streamOf(source), group: DISPATCH_GROUP, consumer, after, most };
    const rows = await redisCall(readGroup(this.redis.commands, of));
    return rows.map((row) => dispatchEntry(source, row));
  }

  private streamOf({ tenantId, partition = 0, executor }: DispatchSource): string {
    return this.store.keys.partition(tenantId, partition).dispatch(executor);
  }
}

function dispatchEntry(source: DispatchSource, [id, fields]: StreamRow): DispatchEntry {
  return { ...source, id, runId: fields[fields.indexOf('r') + 1] ?? '' };
}
