import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AllowedOrigins } from '../../common/index.js';
import { corsHeaders } from './cors.js';
import { SECURITY_HEADERS } from './security-headers.js';

/** Headers that every answer has, as name, value, name, value. */
export type AnswerHeaders = (request: IncomingMessage & { requestId: string }) => string[];

export function answerHeaders(origins: AllowedOrigins): AnswerHeaders {
  const cors = corsHeaders(origins);
  return (request) => ['X-Request-Id', request.requestId, ...SECURITY_HEADERS, ...cors(request)];
}

/** For an answer that somebody else writes. */
export function setHeaders(response: ServerResponse, headers: readonly string[]): void {
  for (let i = 0; i + 1 < headers.length; i += 2) response.setHeader(headers[i] ?? '', headers[i + 1] ?? '');
}
