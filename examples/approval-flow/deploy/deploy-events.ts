import { defineEvents, event, type EventsOf } from 'runstream';

/** What is to be deployed: the input of a run, and what its plan says. */
export interface Deployment {
  service: string;
  changed_lines: number;
}

/** The event types that this application adds, in one place: DeployModule registers them. */
export const DeployEvents = defineEvents({
  'deploy.planned': event<Deployment>(),
  'deploy.shipped': event<{ service: string }>(),
  // Built in, with data of the application's own choice.
  'gate.requested': event<{ question: string; changed_lines: number }>(),
  'gate.approved': event<{ by: string }>(),
  'gate.rejected': event<{ by: string }>(),
});

/** From here on the compiler knows them too, wherever events are emitted, published, appended or handled. */
declare module 'runstream' {
  interface RunstreamEvents extends EventsOf<typeof DeployEvents> {}
}
