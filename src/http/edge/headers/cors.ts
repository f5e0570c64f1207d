import type { IncomingMessage } from 'node:http';
import { type AllowedOrigins, allowsOrigin } from '../../../common/index.js';

/** Response headers of ours that a script in a browser may read. */
const EXPOSED_HEADERS = 'X-Request-Id,Location,Link,Retry-After,Idempotency-Replayed';
const METHODS = 'GET,HEAD,PUT,PATCH,POST,DELETE';
const MAX_AGE_SECONDS = '600';

/**
 * What browsers must be told so that pages of other origins may call (https://fetch.spec.whatwg.org/#http-cors-protocol),
 * as name, value, name, value. Credentials are bearer tokens and never cookies, so none are allowed.
 */
export function corsHeaders(origins: AllowedOrigins): (request: IncomingMessage) => string[] {
  const anybody = origins !== 'localhost' && origins.includes('*');
  return ({ method, headers }) => {
    const answer = ['Access-Control-Expose-Headers', EXPOSED_HEADERS];
    const { origin } = headers;
    if (anybody) answer.push('Access-Control-Allow-Origin', '*');
    else if (origin !== undefined && allowsOrigin(origins, origin))
      answer.push('Access-Control-Allow-Origin', origin);
    const asked = method === 'OPTIONS' ? headers['access-control-request-headers'] : undefined;
    const varies = [
      ...(anybody ? [] : ['Origin']),
      ...(method === 'OPTIONS' ? ['Access-Control-Request-Headers'] : []),
    ];
    if (varies.length > 0) answer.push('Vary', varies.join(', '));
    if (method !== 'OPTIONS') return answer;
    answer.push('Access-Control-Allow-Methods', METHODS, 'Access-Control-Max-Age', MAX_AGE_SECONDS);
    if (asked) answer.push('Access-Control-Allow-Headers', asked);
    return answer;
  };
}

/** Whether a browser asks what it may send. Any other OPTIONS request goes on to the routes. */
export function isPreflight({ method, headers }: IncomingMessage): boolean {
  return (
    method === 'OPTIONS' &&
    headers.origin !== undefined &&
    headers['access-control-request-method'] !== undefined
  );
}
