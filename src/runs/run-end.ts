import { filter, Observable } from 'rxjs';
import { setLongTimeout } from '../common/index.js';
import type { RunWatcher } from '../event-store/index.js';

/**
 * Emits when a run has ended, or is deleted.
 *
 * @throws RunNotFoundError, RedisUnavailableError
 */
export async function endOf(
  watcher: RunWatcher,
  tenantId: string,
  runId: string,
): Promise<Observable<unknown>> {
  const { after: cursor } = await watcher.locate(tenantId, runId, 'tail');
  return watcher.watch(tenantId, runId, { after: cursor }).pipe(filter(({ kind }) => kind === 'close'));
}

/** Emits after so many milliseconds. */
export function after(ms: number): Observable<void> {
  return new Observable((out) => {
    const timer = setLongTimeout(() => {
      out.next();
    }, ms);
    return () => {
      timer.cancel();
    };
  });
}

/** Emits the signal's reason when it is aborted. */
export function aborted(signal: AbortSignal): Observable<Error> {
  return new Observable((out) => {
    const onAbort = (): void => {
      out.next(signal.reason as Error);
    };
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort);
    return () => {
      signal.removeEventListener('abort', onAbort);
    };
  });
}
