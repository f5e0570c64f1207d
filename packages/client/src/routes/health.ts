import type { AnswerOf } from '../types.js';
import { type CallOptions, Routes } from './routes.js';

/** The service itself. Everybody may ask. */
export class HealthRoutes extends Routes {
  /** Whether the process is alive. */
  live({ signal }: CallOptions = {}): Promise<AnswerOf<'getLiveness'>> {
    return this.call<'getLiveness'>('GET', '/health/live', { signal });
  }

  /** Whether it can serve: what it needs is up. Else it throws, with the checks in `details`. */
  ready({ signal }: CallOptions = {}): Promise<AnswerOf<'getReadiness'>> {
    return this.call<'getReadiness'>('GET', '/health/ready', { signal });
  }

  /** Of the service, out of its OpenAPI document; undefined when that does not say. */
  async version({ signal }: CallOptions = {}): Promise<string | undefined> {
    const document = (await this.http.json('GET', '/docs-json', { signal })) as {
      info?: { version?: string };
    };
    return document.info?.version;
  }
}
