import type { AnswerOf, BodyOf, QueryOf } from '../types.js';
import { type CallOptions, path, Routes } from './routes.js';

/** What consumer groups gave up. */
export class DeadLetterRoutes extends Routes {
  /** A page of them, newest first: go on with `next_cursor` as `cursor`. */
  list(
    query: QueryOf<'listDeadLetters'> = {},
    { signal }: CallOptions = {},
  ): Promise<AnswerOf<'listDeadLetters'>> {
    return this.call<'listDeadLetters'>('GET', '/dead-letters', { query, signal });
  }

  /** Sends one back to its group. */
  redrive(id: string, { signal }: CallOptions = {}): Promise<AnswerOf<'redriveDeadLetter'>> {
    return this.call<'redriveDeadLetter'>('POST', path`/dead-letters/${id}/redrive`, { signal });
  }

  /** Sends many back, oldest first. */
  redriveMany(
    body: BodyOf<'redriveDeadLetters'>,
    { signal }: CallOptions = {},
  ): Promise<AnswerOf<'redriveDeadLetters'>> {
    return this.call<'redriveDeadLetters'>('POST', '/dead-letters/redrive', { body, signal });
  }

  /** Deletes one. */
  delete(id: string, { signal }: CallOptions = {}): Promise<void> {
    return this.call<'deleteDeadLetter'>('DELETE', path`/dead-letters/${id}`, { signal });
  }

  /** Deletes all of a group. */
  deleteAll(group: string, { signal }: CallOptions = {}): Promise<void> {
    return this.call<'deleteDeadLetters'>('DELETE', '/dead-letters', { query: { group }, signal });
  }
}
