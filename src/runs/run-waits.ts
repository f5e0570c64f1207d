import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { firstValueFrom, map, merge, Observable } from 'rxjs';
import { CredentialWatch, UnauthorizedError } from '../auth/index.js';
import { type RunRecord, RunStore, RunWatcher } from '../event-store/index.js';
import { isTerminal } from '../events/index.js';
import { AnswerRoom, Draining, lifeOf, readerOf } from '../http/index.js';
import { aborted, after, endOf } from './run-end.js';

/** Requests that wait for the end of a run. One costs no more than a stream does, and has a bound of its own. */
@Injectable()
export class RunWaits {
  constructor(
    private readonly runs: RunStore,
    private readonly watcher: RunWatcher,
    private readonly credentials: CredentialWatch,
    private readonly draining: Draining,
    private readonly room: AnswerRoom,
  ) {}

  /**
   * The run as soon as it has ended, or as it is when the time is up.
   *
   * @throws RunNotFoundError; OverloadedError when too many wait, or at a shutdown; UnauthorizedError when the
   *   credential ends first; RedisUnavailableError
   */
  async untilEnd(tenantId: string, runId: string, waitMs: number, request: Request): Promise<RunRecord> {
    const read = () =>
      this.runs.get(tenantId, runId, async (bytes) => {
        await this.room.take(request, bytes);
        return readerOf(request);
      });
    const run = await read();
    if (waitMs === 0 || isTerminal(run.status)) return run;
    request.place?.becomes('waits');
    const ended = await endOf(this.watcher, tenantId, runId);
    const over: Observable<unknown> = merge(ended, after(waitMs), gone(request));
    const refusal = await firstValueFrom(
      merge(
        over.pipe(map(() => undefined)),
        aborted(this.draining.signal),
        this.credentials.ended(request.principal).pipe(map(() => new UnauthorizedError())),
      ),
      { defaultValue: undefined },
    );
    if (refusal) throw refusal;
    return read();
  }
}

/** Emits when nobody is there any more to be answered. */
function gone(request: Request): Observable<void> {
  return new Observable((out) =>
    lifeOf(request).onEnd(() => {
      out.next();
    }),
  );
}
