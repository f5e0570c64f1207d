import type { components } from '@runstream/client';

type Schemas = components['schemas'];
export type ConsumerGroup = Schemas['ConsumerGroupResponse'];
export type GroupOverview = Schemas['GroupOverviewResponse'];
export type GroupSample = Schemas['GroupSampleDto'];
export type PendingEvent = Schemas['PendingEventResponse'];
export type DeadLetter = Schemas['DeadLetterResponse'];

/** What is known of a group at one time. Rates are per second, and undefined where nobody says. */
export interface GroupFacts {
  group: ConsumerGroup;
  /** When the service said so, in ms. */
  at: number;
  /** By how much its lag grows; negative when it shrinks. */
  growth: number | undefined;
  /** Handled with success. */
  out: number | undefined;
  /** The oldest of what is pending; empty when nobody asked. */
  pending: readonly PendingEvent[];
}

/** What comes in is what goes out and what is left. */
export function inOf({ growth, out }: GroupFacts): number | undefined {
  return growth === undefined || out === undefined ? undefined : Math.max(0, growth + out);
}

/** What waits for an outcome, given out or not. */
export function workOf({ lag, pending }: ConsumerGroup): number {
  return lag + pending;
}

/** Of its members now; undefined when nobody runs it. */
export function leaseOf({ members }: ConsumerGroup): number | undefined {
  return members.length === 0 ? undefined : Math.max(...members.map(({ lease_ms }) => lease_ms));
}

export function maxAttemptsOf({ members }: ConsumerGroup): number | undefined {
  return members.length === 0 ? undefined : Math.max(...members.map(({ max_attempts }) => max_attempts));
}

/** A consumer is a member with one of its leases: `vm-1-4711-0b0c7a.30000`. */
export function memberName(consumer: string): string {
  return consumer.replace(/\.\d+$/, '');
}
