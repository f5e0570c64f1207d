import type { ErrorCode } from '../common/index.js';
import type { Place } from './admission/place.js';
import type { Match } from './edge/routes/route-table.js';

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- the way Express offers to extend its request
  namespace Express {
    interface Request {
      /** Identifies this request in logs, error bodies and the `X-Request-Id` header. */
      requestId: string;
      /** The bytes of a JSON body, decompressed; absent when there was none. */
      rawBody?: Buffer;
      /** Which route it is for; absent until the edge has looked. */
      match?: Match;
      /** What it has of the bounds of this process; absent for routes that are always admitted. */
      place?: Place;
      /** Whom what it costs is counted for: the credential, as whoever identifies the request says; else the address. */
      caller: string;
    }
    interface Response {
      /** The code of the error that this answers with. */
      errorCode?: ErrorCode;
    }
  }
}

/** The path of a request, without the query, as the client sent it. */
export function pathOf({ originalUrl }: { originalUrl: string }): string {
  const end = originalUrl.indexOf('?');
  return end < 0 ? originalUrl : originalUrl.slice(0, end);
}
