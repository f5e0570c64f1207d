import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AllowedOrigins } from '../../../common/index.js';
import { corsHeaders } from './cors.js';
import { SECURITY_HEADERS } from './security-headers.js';

/** Headers that every answer has, as name, value, name, value. */
export type AnswerHeaders = (request: IncomingMessage & { requestId: string }) => string[];

/**
 * @param isWhole whether browsers are told what they may do with an answer: for an application as a whole
 * @param origins the pages that may call; undefined: the application says so, or nobody
 */
export function answerHeaders(isWhole: boolean, origins: AllowedOrigins | undefined): AnswerHeaders {
  const cors = origins === undefined ? () => [] : corsHeaders(origins);
  const security = isWhole ? SECURITY_HEADERS : [];
  return (request) => ['X-Request-Id', request.requestId, ...security, ...cors(request)];
}

/** For an answer that somebody else writes. */
export function setHeaders(response: ServerResponse, headers: readonly string[]): void {
  for (let i = 0; i + 1 < headers.length; i += 2) response.setHeader(headers[i] ?? '', headers[i + 1] ?? '');
}
