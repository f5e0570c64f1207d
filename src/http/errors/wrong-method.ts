import type { Request, Response } from 'express';
import { RunstreamError } from '../../common/index.js';
import '../request.js';
import { pathOf } from '../request.js';
import { answerError } from './answer-error.js';

/**
 * Answers a request whose path has routes, but none for its method (https://www.rfc-editor.org/rfc/rfc9110#section-15.5.6).
 *
 * @returns false when there is nothing at its path
 */
export function answerWrongMethod(request: Request, response: Response): boolean {
  const methods = request.match?.methods ?? [];
  if (methods.length === 0) return false;
  response.setHeader('Allow', methods.join(', '));
  if (request.method === 'OPTIONS') {
    response.status(204).end();
    return true;
  }
  const path = pathOf(request).slice(0, 200);
  const error = new RunstreamError(
    'METHOD_NOT_ALLOWED',
    `${path} does not take ${request.method}. Use ${methods.join(', ')}.`,
  );
  answerError(error, request, response);
  return true;
}
