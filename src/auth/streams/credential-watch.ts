import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import {
  defer,
  EMPTY,
  filter,
  finalize,
  identity,
  merge,
  type MonoTypeOperatorFunction,
  type Observable,
  Subject,
  take,
  takeUntil,
} from 'rxjs';
import { expiry } from '../good-until.js';
import { ApiKeys } from '../keys/api-keys.js';
import type { Principal } from '../principal.js';
import { Sessions } from '../session/sessions.js';

const CHECK_MS = 2000;

/** Tells open streams when the credential that opened them has expired or was revoked, on whatever instance. */
@Injectable()
export class CredentialWatch implements OnApplicationShutdown {
  private readonly keysInUse = new Map<string, number>();
  private readonly sessionsInUse = new Map<string, number>();
  private readonly revoked = new Subject<string>();
  private readonly logger = new Logger('Credentials');
  private check: NodeJS.Timeout | undefined;

  constructor(
    private readonly keys: ApiKeys,
    private readonly sessions: Sessions,
  ) {}

  /** Emits once, when the credential is no longer good. Never for callers without one. */
  ended(principal: Principal | undefined): Observable<unknown> {
    if (!principal) return EMPTY;
    const { expiresAt, keyId, sessionId } = principal;
    const ends: Observable<unknown>[] = [];
    if (expiresAt !== undefined) ends.push(expiry(expiresAt));
    if (keyId !== undefined) ends.push(this.revocation(this.keysInUse, keyId));
    if (sessionId !== undefined) ends.push(this.revocation(this.sessionsInUse, sessionId));
    return merge(...ends).pipe(take(1));
  }

  /** Ends what is piped through it when the credential is no longer good. */
  whileGood<T>(principal: Principal | undefined): MonoTypeOperatorFunction<T> {
    return principal ? takeUntil(this.ended(principal)) : identity;
  }

  onApplicationShutdown(): void {
    clearInterval(this.check);
  }

  private revocation(inUse: Map<string, number>, id: string): Observable<unknown> {
    return defer(() => {
      this.count(inUse, id, 1);
      return this.revoked;
    }).pipe(
      filter((ended) => ended === id),
      finalize(() => {
        this.count(inUse, id, -1);
      }),
    );
  }

  private count(inUse: Map<string, number>, id: string, change: 1 | -1): void {
    const count = (inUse.get(id) ?? 0) + change;
    if (count > 0) inUse.set(id, count);
    else inUse.delete(id);
    if (this.keysInUse.size + this.sessionsInUse.size > 0) {
      this.check ??= setInterval(() => void this.checkAll(), CHECK_MS);
      return;
    }
    clearInterval(this.check);
    this.check = undefined;
  }

  private async checkAll(): Promise<void> {
    try {
      const [keys, sessions] = await Promise.all([
        this.keys.revokedAmong([...this.keysInUse.keys()]),
        this.sessions.endedAmong([...this.sessionsInUse.keys()]),
      ]);
      for (const id of [...keys, ...sessions]) this.revoked.next(id);
    } catch (error) {
      // While Redis is away nobody can be revoked either; the next check finds it.
      this.logger.debug(`Credentials of open streams could not be checked: ${String(error)}`);
    }
  }
}
