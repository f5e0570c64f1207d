import { defineEvents, event, type EventsOf } from 'runstream';

export const OrderEvents = defineEvents({
  'order.placed': event<{ cents: number }>(),
  'order.charged': event<{ receipt: number; tries: number }>(),
});

declare module 'runstream' {
  interface RunstreamEvents extends EventsOf<typeof OrderEvents> {}
}
