import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { delay } from '../../common/index.js';
import { redisCall, RedisConnections } from '../../redis/index.js';
import { FORMAT_KEY, TENANTS_KEY } from './keys.js';

/** The form in which runs, events and groups are stored. It rises with each change that older processes can't read. */
export const STORE_FORMAT = '2';

/** The same with runs in partitions other than the first, of which older processes know nothing. */
export const SPREAD_FORMAT = `${STORE_FORMAT}+partitions`;

const RETRY_MS = 200;

/** What is stored in this Redis has another form. */
export class StoreFormatError extends Error {
  override readonly name = 'StoreFormatError';

  /** @param found undefined: a form from before there were numbers */
  constructor(found: string | undefined) {
    super(
      `This Redis holds runs in ${found === undefined ? 'an older form' : `form ${found}`}, and this version of ` +
        `Runstream reads form ${STORE_FORMAT}. Start the version that wrote them, or use another Redis or database ` +
        '(REDIS_URL; the private one is in .data/redis).',
    );
  }
}

/** Keeps a process away from what it would misread: it does not start then, or, if Redis came later, serves nothing. */
@Injectable()
export class StoreFormat implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('EventStore');
  private stopListening = (): void => undefined;
  private readonly stopped = new AbortController();
  /** Nothing was stored when this process looked: what is there since then is of this form. */
  private wasEmpty = false;
  private noting: Promise<void> | undefined;

  constructor(private readonly redis: RedisConnections) {}

  /** @throws StoreFormatError */
  async onModuleInit(): Promise<void> {
    await this.redis.start();
    this.stopListening = this.redis.whenReady(this.recheck);
    await this.check().catch((error: unknown) => {
      // Without an answer there is a next time: when the connection is back.
      if (error instanceof StoreFormatError) throw error;
    });
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopListening();
    this.stopped.abort();
    await this.noting;
  }

  private readonly recheck = (): void => {
    this.check().catch((error: unknown) => {
      if (error instanceof StoreFormatError) this.refuse(error);
    });
  };

  private refuse({ message }: StoreFormatError): void {
    this.logger.fatal(`${message} Nothing is served until this process is started anew.`);
    this.redis.disconnect();
  }

  private async check(): Promise<void> {
    const { commands } = this.redis;
    const found = await redisCall(commands.get(FORMAT_KEY));
    if (found === STORE_FORMAT || found === SPREAD_FORMAT) return;
    if (found !== null) throw new StoreFormatError(found);
    if (!this.wasEmpty && (await redisCall(commands.exists(TENANTS_KEY))) === 1)
      throw new StoreFormatError(undefined);
    this.wasEmpty = true;
    await this.note().catch((error: unknown) => {
      if (error instanceof StoreFormatError) throw error;
      // It answers and takes no writes. No connection comes back when it does again, and runs are made then at once.
      this.noting ??= this.noteInTheEnd().finally(() => (this.noting = undefined));
    });
  }

  private async note(): Promise<void> {
    const { commands } = this.redis;
    const first = await redisCall(commands.set(FORMAT_KEY, STORE_FORMAT, 'NX', 'GET'));
    if (first !== null && first !== STORE_FORMAT && first !== SPREAD_FORMAT)
      throw new StoreFormatError(first);
  }

  private async noteInTheEnd(): Promise<void> {
    const { signal } = this.stopped;
    while (!signal.aborted) {
      try {
        return await this.note();
      } catch (error) {
        if (error instanceof StoreFormatError) return this.refuse(error);
      }
      await delay(RETRY_MS, { signal, ref: false }).catch(() => undefined);
    }
  }
}
