import type { RunstreamError } from '../../common/index.js';

/** What every error looks like on the wire, whatever layer it comes from. */
export interface ErrorBody {
  code: string;
  message: string;
  details?: unknown;
  more?: number;
  request_id: string;
}

/** What an error looks like where a route says so itself. */
export type ErrorForm = (error: ErrorBody, status: number) => object;

export function errorBody(error: RunstreamError, requestId: string): ErrorBody {
  return {
    code: error.code,
    message: error.message,
    ...(error.details === undefined ? {} : { details: error.details }),
    ...(error.more === undefined ? {} : { more: error.more }),
    request_id: requestId,
  };
}
