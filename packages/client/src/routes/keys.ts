import type { AnswerOf, BodyOf, QueryOf } from '../types.js';
import { type CallOptions, path, Routes } from './routes.js';

/** API keys of the tenant. */
export class KeyRoutes extends Routes {
  /** Makes one; it is under `key`, this once. */
  create(body: BodyOf<'createKey'>, { signal }: CallOptions = {}): Promise<AnswerOf<'createKey'>> {
    return this.call<'createKey'>('POST', '/keys', { body, signal });
  }

  /** A page of them, newest first: go on with `next_cursor` as `cursor`. */
  list(query: QueryOf<'listKeys'> = {}, { signal }: CallOptions = {}): Promise<AnswerOf<'listKeys'>> {
    return this.call<'listKeys'>('GET', '/keys', { query, signal });
  }

  /** Ends one, and the streams that it opened. */
  revoke(id: string, { signal }: CallOptions = {}): Promise<void> {
    return this.call<'revokeKey'>('DELETE', path`/keys/${id}`, { signal });
  }
}
