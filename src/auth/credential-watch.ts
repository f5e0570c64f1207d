import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { defer, EMPTY, filter, finalize, merge, type Observable, Subject, take, timer } from 'rxjs';
import { ApiKeys } from './api-keys.js';
import type { Principal } from './principal.js';

const CHECK_MS = 2000;
/** Node's timers take no more. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Tells open streams when the credential that opened them has expired or was revoked, on whatever instance. */
@Injectable()
export class CredentialWatch implements OnApplicationShutdown {
  private readonly watched = new Map<string, number>();
  private readonly revoked = new Subject<string>();
  private readonly logger = new Logger('Credentials');
  private check: NodeJS.Timeout | undefined;

  constructor(private readonly keys: ApiKeys) {}

  /** Emits once, when the credential is no longer good. Never for callers without one. */
  ended(principal: Principal | undefined): Observable<unknown> {
    if (!principal) return EMPTY;
    const { expiresAt, keyId } = principal;
    const ends: Observable<unknown>[] = [];
    if (expiresAt !== undefined)
      ends.push(timer(Math.min(Math.max(expiresAt - Date.now(), 0), MAX_TIMER_MS)));
    if (keyId !== undefined) ends.push(this.revokedKey(keyId));
    return merge(...ends).pipe(take(1));
  }

  onApplicationShutdown(): void {
    clearInterval(this.check);
  }

  private revokedKey(keyId: string): Observable<unknown> {
    return defer(() => {
      this.watch(keyId, 1);
      return this.revoked;
    }).pipe(
      filter((id) => id === keyId),
      finalize(() => {
        this.watch(keyId, -1);
      }),
    );
  }

  private watch(keyId: string, change: 1 | -1): void {
    const count = (this.watched.get(keyId) ?? 0) + change;
    if (count > 0) this.watched.set(keyId, count);
    else this.watched.delete(keyId);
    if (this.watched.size > 0) this.check ??= setInterval(() => void this.checkAll(), CHECK_MS);
    else {
      clearInterval(this.check);
      this.check = undefined;
    }
  }

  private async checkAll(): Promise<void> {
    try {
      for (const id of await this.keys.revokedAmong([...this.watched.keys()])) this.revoked.next(id);
    } catch (error) {
      // While Redis is away nobody can be revoked either; the next check finds it.
      this.logger.debug(`Credentials of open streams could not be checked: ${String(error)}`);
    }
  }
}
