/** Clients that come without types. */
declare module 'eventsource2' {
  const EventSource: new (url: string) => object;
  export default EventSource;
}
declare module 'event-source-polyfill' {
  export const EventSourcePolyfill: new (url: string) => object;
}
declare module 'launchdarkly-eventsource' {
  export const EventSource: new (url: string) => object;
}
/** A program of docs/clients.md, in what is bundled for a browser. */
declare module 'program:*' {
  export const follow: (url: string, options: object) => Promise<void>;
}
