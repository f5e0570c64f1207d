import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { setWaitLimit } from '../../common/index.js';
import { lifeOf } from '../edge/life/request-life.js';
import { Admission } from './admission.js';
import '../request.js';

/** How long a request waits for room. */
const MOST_WAITING_MS = 2000;

/**
 * Room for large answers, from before they are read until the client has taken them. What is small needs none: there
 * are bounds for how many requests are under way.
 */
@Injectable()
export class AnswerRoom {
  /** First come, first served; who still does not fit lets the next one try. */
  private readonly waiting = new Set<() => boolean>();

  constructor(private readonly admission: Admission) {}

  /**
   * Takes room until the request has ended.
   *
   * @throws OverloadedError when there is none in time
   */
  async take(request: Request, bytes: number): Promise<void> {
    const giveBack = await this.reserve(request.caller, bytes, lifeOf(request).signal, MOST_WAITING_MS);
    lifeOf(request).onEnd(giveBack);
  }

  /**
   * Room until it is given back.
   *
   * @param waitMs after how long an OverloadedError is thrown; undefined: never
   * @throws OverloadedError; the signal's reason
   */
  reserve(caller: string, bytes: number, signal: AbortSignal, waitMs?: number): Promise<() => void> {
    const giveBack = (): void => {
      this.admission.giveBack('answers', caller, bytes);
      for (const attempt of this.waiting) if (attempt()) this.waiting.delete(attempt);
    };
    if (this.admission.tryTake('answers', caller, bytes)) return Promise.resolve(giveBack);
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        timer?.cancel();
        this.waiting.delete(attempt);
        signal.removeEventListener('abort', onAbort);
      };
      const attempt = (): boolean => {
        if (!this.admission.tryTake('answers', caller, bytes)) return false;
        settle();
        resolve(giveBack);
        return true;
      };
      const onAbort = (): void => {
        settle();
        reject(signal.reason as Error);
      };
      const timer =
        waitMs === undefined
          ? undefined
          : setWaitLimit(() => {
              settle();
              reject(this.admission.refuse('answers'));
            }, waitMs);
      this.waiting.add(attempt);
      signal.addEventListener('abort', onAbort, { once: true });
      if (signal.aborted) onAbort();
    });
  }
}
