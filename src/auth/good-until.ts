import { Observable } from 'rxjs';
import { type LongTimeout, setLongTimeout } from '../common/index.js';

/** The last moment that a Date can hold, in ms since the epoch. */
const LAST_MS = 8.64e15;

/** Whether a number is a moment, in whole ms since the epoch, that can be stored and shown as a date. */
export function isMoment(value: unknown): value is number {
  return Number.isInteger(value) && Math.abs(value as number) <= LAST_MS;
}

/**
 * The one notion of how long a credential is good: as long as the clock is before its expiry.
 *
 * @param expiresAt in ms since the epoch; undefined when it never expires
 */
export function isGood(expiresAt: number | undefined): boolean {
  return expiresAt === undefined || Date.now() < expiresAt;
}

/** Emits once, when what expires then is no longer good: never earlier, however far away it is. */
export function expiry(expiresAt: number): Observable<void> {
  return new Observable((subscriber) => {
    let timer: LongTimeout | undefined;
    const look = () => {
      if (isGood(expiresAt)) {
        timer = setLongTimeout(look, expiresAt - Date.now());
        return;
      }
      subscriber.next();
      subscriber.complete();
    };
    look();
    return () => timer?.cancel();
  });
}
