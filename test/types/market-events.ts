import { event, defineEvents, type EventsOf } from '../../src/index.js';

/** Without an index signature, as most types of an application are. */
export interface Order {
  item: string;
  count?: number;
}

/** Event types of an application, defined once: what it registers, and what the compiler knows. */
export const Market = defineEvents({
  'market.ordered': event<Order>(),
  'market.paid': event<{ cents: number } | { voucher: string }>(),
  'market.closed': event(),
  /** Of the application's own making, so it says what is in it. */
  'dispatch.team': event<{ question: string }>(),
  'stock.*': event<{ item: string }>(),
});

/* eslint-disable @typescript-eslint/no-empty-object-type -- that is how an application declares them */
declare module '../../src/index.js' {
  interface RunstreamEvents extends EventsOf<typeof Market> {}
  // Of an application that registers names alone.
  interface RunstreamEvents extends EventsOf<'log_book.*' | 'audit.read'> {}
}
