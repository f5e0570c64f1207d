import type { AnswerOf, BodyOf, QueryOf } from '../types.js';
import { type CallOptions, path, Routes, waitMs } from './routes.js';

/** Consumer groups. */
export class ConsumerRoutes extends Routes {
  /** All groups, by name. */
  list({ signal }: CallOptions = {}): Promise<AnswerOf<'listConsumers'>> {
    return this.call<'listConsumers'>('GET', '/consumers', { signal });
  }

  /** A group, and how it stood in the last hour. */
  get(group: string, { signal }: CallOptions = {}): Promise<AnswerOf<'getConsumer'>> {
    return this.call<'getConsumer'>('GET', path`/consumers/${group}`, { signal });
  }

  /** The groups in sum over all tenants. */
  overview({ signal }: CallOptions = {}): Promise<AnswerOf<'getConsumerOverview'>> {
    return this.call<'getConsumerOverview'>('GET', '/consumers/overview', { signal });
  }

  /** A page of what a group was given and has no outcome for, oldest first. */
  pending(
    group: string,
    query: QueryOf<'listPending'> = {},
    { signal }: CallOptions = {},
  ): Promise<AnswerOf<'listPending'>> {
    return this.call<'listPending'>('GET', path`/consumers/${group}/pending`, { query, signal });
  }

  /** Stops delivery to a group on every instance. */
  pause(group: string, { signal }: CallOptions = {}): Promise<AnswerOf<'pauseConsumers'>> {
    return this.call<'pauseConsumers'>('POST', path`/consumers/${group}/pause`, { signal });
  }

  /** Goes on after `pause()`. */
  resume(group: string, { signal }: CallOptions = {}): Promise<AnswerOf<'resumeConsumers'>> {
    return this.call<'resumeConsumers'>('POST', path`/consumers/${group}/resume`, { signal });
  }

  /** Delivers again, from a journal id, inclusive, or from a time in ISO 8601. */
  replay(group: string, from: string, { signal }: CallOptions = {}): Promise<AnswerOf<'replayConsumers'>> {
    const body = { from };
    return this.call<'replayConsumers'>('POST', path`/consumers/${group}/replay`, { body, signal });
  }

  /** Removes a group that nobody handles any more. */
  delete(group: string, { signal }: CallOptions = {}): Promise<void> {
    return this.call<'deleteConsumers'>('DELETE', path`/consumers/${group}`, { signal });
  }

  /** Makes a group that workers serve. */
  put(
    group: string,
    body: BodyOf<'putConsumer'> = {},
    { signal }: CallOptions = {},
  ): Promise<AnswerOf<'putConsumer'>> {
    return this.call<'putConsumer'>('PUT', path`/consumers/${group}`, { body, signal });
  }

  /**
   * Takes events; undefined when none came while it waited. The same call with the same `claim_id` is answered the same,
   * so an answer that was lost can be had again.
   */
  deliveries(
    group: string,
    body: BodyOf<'takeDeliveries'>,
    { signal }: CallOptions = {},
  ): Promise<AnswerOf<'takeDeliveries'> | undefined> {
    const patienceMs = waitMs(body);
    const request = { body, signal, patienceMs };
    return this.call<'takeDeliveries'>('POST', path`/consumers/${group}/deliveries`, request);
  }

  /** Says what came of deliveries, with the effects of those that succeeded. May be repeated. */
  settle(
    group: string,
    body: BodyOf<'settleDeliveries'>,
    { signal }: CallOptions = {},
  ): Promise<AnswerOf<'settleDeliveries'>> {
    return this.call<'settleDeliveries'>('POST', path`/consumers/${group}/settlements`, { body, signal });
  }

  /** Renews the leases of deliveries; one that is lost has no `lease_expires_at` then. */
  renewLeases(
    group: string,
    body: BodyOf<'renewDeliveries'>,
    { signal }: CallOptions = {},
  ): Promise<AnswerOf<'renewDeliveries'>> {
    return this.call<'renewDeliveries'>('POST', path`/consumers/${group}/leases`, { body, signal });
  }
}
