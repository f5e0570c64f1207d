import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { OverloadedError } from '../../common/index.js';
import type { RequestLife } from '../edge/life/request-life.js';
import { ADMISSION_DEFAULTS, ADMISSION_OPTIONS, type AdmissionOptions } from './admission-options.js';
import { Bound } from './bound.js';
import { type BoundName, REFUSALS, type Refusal, type RequestKind } from './bound-names.js';
import { EventLoopLoad } from './event-loop-load.js';
import { Place } from './place.js';

/** Full for so long, another instance serves better. */
const OVERLOADED_MS = 10_000;
/** One caller may have half of its usual share of the bytes of answers: a quarter by default. */
const SHARE_OF_ANSWERS = 0.5;
/** Of the waits of workers: a fifth by default. */
const SHARE_OF_WORKER_WAITS = 0.4;

/**
 * Decides what this process takes on: bounded numbers of each kind of request, bounded bytes, and nothing new while it
 * keeps its own event loop late. Of each bound one caller may have only a share. So what has been taken on is still
 * served well, and nobody takes it from the others.
 */
@Injectable()
export class Admission implements OnApplicationShutdown {
  readonly refused = Object.fromEntries(REFUSALS.map((name) => [name, 0])) as Record<Refusal, number>;
  readonly load: EventLoopLoad;
  private readonly bounds: Readonly<Record<BoundName, Bound>>;

  constructor(@Inject(ADMISSION_OPTIONS) options: AdmissionOptions) {
    const limits = { ...ADMISSION_DEFAULTS, ...options };
    const bound = (limit: number, factor = 1) =>
      new Bound(limit, Math.max(1, Math.floor((limit * limits.maxSharePercent * factor) / 100)));
    this.load = new EventLoopLoad(limits.maxEventLoopDelayMs || Infinity);
    this.bounds = {
      streams: bound(limits.maxOpenStreams),
      uploads: bound(limits.maxUploads),
      waits: bound(limits.maxWaits),
      worker_waits: bound(limits.maxWorkerWaits, SHARE_OF_WORKER_WAITS),
      public: bound(limits.maxPublicRequests),
      requests: bound(limits.maxPendingRequests),
      bytes: bound(limits.maxPendingBytes),
      answers: bound(limits.maxAnswerBytes, SHARE_OF_ANSWERS),
    };
  }

  /** What is taken of each bound at the moment. */
  inUse(): Record<string, number> {
    return Object.fromEntries(Object.entries(this.bounds).map(([name, bound]) => [name, bound.inUse]));
  }

  /** Whether more than one caller together have kept this instance full for a while. */
  get isFull(): boolean {
    return [this.bounds.requests, this.bounds.bytes].some((bound) => bound.fullFor() > OVERLOADED_MS);
  }

  onApplicationShutdown(): void {
    this.load.stop();
  }

  /**
   * Takes a place for a request until its life ends.
   *
   * @param caller who is known to ask so far: the address
   * @throws OverloadedError
   */
  admit(life: RequestLife, kind: RequestKind, caller: string): Place {
    if (this.load.overloaded) throw this.refuse('event_loop');
    const place = new Place(this, kind, caller);
    life.onEnd(() => {
      place.leave();
    });
    return place;
  }

  /** @throws OverloadedError */
  take(name: BoundName, caller: string, amount = 1): void {
    if (!this.tryTake(name, caller, amount)) throw this.refuse(name);
  }

  tryTake(name: BoundName, caller: string, amount = 1): boolean {
    return this.bounds[name].take(caller, amount);
  }

  /** @throws OverloadedError */
  move(name: BoundName, from: string, to: string): void {
    if (!this.bounds[name].move(from, to)) throw this.refuse(name);
  }

  giveBack(name: BoundName, caller: string, amount = 1): void {
    this.bounds[name].giveBack(caller, amount);
  }

  /** Counts a refusal. */
  refuse(name: Refusal): OverloadedError {
    this.refused[name]++;
    return new OverloadedError();
  }
}
