import { defineEvents, event, type EventsOf } from 'runstream';

/** The input of a run. */
export interface Scene {
  frames: number;
}

export const RenderEvents = defineEvents({
  'render.started': event<Scene>(),
  'render.frame': event<{ frame: number }>(),
});

declare module 'runstream' {
  interface RunstreamEvents extends EventsOf<typeof RenderEvents> {}
}
