import { setMaxListeners } from 'node:events';
import { Client, type Target } from '../conformance/client.js';
import type { RunstreamOptions } from '../../src/runstream-options.js';
import { startApplication, type TestApplication } from './application.js';
import { type RedisServer, startRedis, type StartRedisOptions } from './redis.js';
import { serveHere, type Service, type Serving, startService } from './service.js';

/**
 * What a suite has running: servers, services, and clients with open streams. `close()` stops all of it, last first,
 * however far the suite came; what is left running would keep jest from ending.
 */
export class TestBed {
  private readonly end = new AbortController();
  private readonly undo: (() => Promise<unknown>)[] = [];

  constructor() {
    // Each request listens to it, and a test may have hundreds open.
    setMaxListeners(0, this.end.signal);
  }

  client(service: Target): Client {
    return new Client(service, this.end.signal);
  }

  async startRedis(options?: StartRedisOptions): Promise<RedisServer> {
    const redis = await startRedis(options);
    this.onClose(() => redis.stop());
    return redis;
  }

  async startService(env?: NodeJS.ProcessEnv): Promise<Service> {
    const service = await startService(env);
    this.onClose(() => service.stop());
    return service;
  }

  async serveHere(env?: NodeJS.ProcessEnv): Promise<Serving> {
    const service = await serveHere(env);
    this.onClose(() => service.stop());
    return service;
  }

  async startApplication(options?: Partial<RunstreamOptions>): Promise<TestApplication> {
    const application = await startApplication(options);
    let closed = false;
    const close = async (): Promise<void> => {
      if (closed) return;
      closed = true;
      await application.close();
    };
    this.onClose(close);
    return { ...application, close };
  }

  onClose(undo: () => Promise<unknown>): void {
    this.undo.push(undo);
  }

  async close(): Promise<void> {
    this.end.abort(new Error('the test has ended'));
    for (const undo of this.undo.reverse()) await undo();
  }
}
