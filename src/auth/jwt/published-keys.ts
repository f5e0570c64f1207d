import { Logger } from '@nestjs/common';
import { createRemoteJWKSet, type CryptoKey, errors, type JWSHeaderParameters } from 'jose';

/** How long the issuer may take to answer, in milliseconds. */
const FETCH_TIMEOUT_MS = 3000;
/** After a failure the issuer is left alone for so long, in milliseconds. */
const PAUSE_MS = 5000;
/** A key that is not in the set is looked for again only when the set is older than this, in milliseconds. */
const UNKNOWN_KEY_PAUSE_MS = 30_000;
/** The set is fetched again when it is older than this, in milliseconds, so that keys that were withdrawn go. */
const MAX_AGE_MS = 600_000;

/** The issuer's keys can't be had: that says nothing about a token. */
export class KeysUnavailableError extends Error {
  constructor(cause: unknown) {
    super("The token issuer's keys can't be fetched.", { cause });
    this.name = 'KeysUnavailableError';
  }
}

/**
 * The keys that an issuer publishes. jose fetches and checks the set; when, is decided here: jose waits between two
 * fetches only after one that succeeded, and refuses tokens whose key it knows while it can't refresh the set.
 */
export class PublishedKeys {
  private readonly remote: ReturnType<typeof createRemoteJWKSet>;
  private readonly logger = new Logger('Credentials');
  private fetchedAt: number | undefined;
  private fetching: Promise<void> | undefined;
  private failure: { error: KeysUnavailableError; at: number } | undefined;

  constructor(url: URL) {
    this.remote = createRemoteJWKSet(url, {
      timeoutDuration: FETCH_TIMEOUT_MS,
      // It never fetches by itself.
      cooldownDuration: Infinity,
      cacheMaxAge: Infinity,
    });
  }

  /** For `jwtVerify`. @throws KeysUnavailableError; JOSEError when there is no such key */
  readonly get = async (header: JWSHeaderParameters): Promise<CryptoKey> => {
    if (this.fetchedAt === undefined) await this.fetch();
    // What is known goes on being good meanwhile. A failure is logged, and tried again after the pause.
    else if (this.ageMs > MAX_AGE_MS) this.fetch().catch(() => undefined);
    try {
      return await this.remote(header);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || this.ageMs < UNKNOWN_KEY_PAUSE_MS) throw error;
      await this.fetch();
      return this.remote(header);
    }
  };

  private get ageMs(): number {
    return performance.now() - (this.fetchedAt ?? -Infinity);
  }

  /** One for all who wait. */
  private fetch(): Promise<void> {
    const { failure } = this;
    if (failure && performance.now() - failure.at < PAUSE_MS) return Promise.reject(failure.error);
    this.fetching ??= this.fetchOnce().finally(() => {
      this.fetching = undefined;
    });
    return this.fetching;
  }

  private async fetchOnce(): Promise<void> {
    try {
      await this.remote.reload();
      this.fetchedAt = performance.now();
      this.failure = undefined;
    } catch (cause) {
      if (!this.failure) this.logger.warn(`The token issuer's keys could not be fetched: ${String(cause)}`);
      this.failure = { error: new KeysUnavailableError(cause), at: performance.now() };
      throw this.failure.error;
    }
  }
}
