import { defineEvents, event, type EventsOf } from 'runstream';

export const ImportEvents = defineEvents({ 'import.row': event<{ row: number; of: number }>() });

declare module 'runstream' {
  interface RunstreamEvents extends EventsOf<typeof ImportEvents> {}
}
