/**
 * The event types of the application, and what their data holds. It is empty here: an application adds its own by
 * declaration merging, from what it registers.
 *
 * ```ts
 * export const Build = defineEvents({ 'build.started': event<{ commit: string }>() });
 *
 * declare module 'runstream' {
 *   interface RunstreamEvents extends EventsOf<typeof Build> {}
 * }
 * ```
 *
 * A built-in type that is declared here has the data that is said here.
 *
 * @publicApi
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- applications fill it
export interface RunstreamEvents {}
