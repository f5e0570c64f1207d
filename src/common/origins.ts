/** Origins that browsers may call from; `*` in the list is any, `localhost` is any port of this machine. */
export type AllowedOrigins = readonly string[] | 'localhost';

/** An origin on this machine, as browsers write it. */
export const LOCAL_ORIGIN = /^https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/;

/** Scheme, host and port are compared, all as text: a browser has one way of writing an origin. */
export function allowsOrigin(origins: AllowedOrigins, origin: string): boolean {
  if (origins === 'localhost') return LOCAL_ORIGIN.test(origin);
  return origins.includes('*') || origins.includes(origin);
}
