import type { ErrorCode } from '../common/index.js';

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- the way Express offers to extend its request
  namespace Express {
    interface Request {
      /** Identifies this request in logs, error bodies and the `X-Request-Id` header. */
      requestId: string;
      /** The bytes of a JSON body, decompressed; absent when there was none. */
      rawBody?: Buffer;
    }
    interface Response {
      /** The code of the error that this answers with. */
      errorCode?: ErrorCode;
    }
  }
}

export {};
