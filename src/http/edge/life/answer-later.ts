import type { Request, Response } from 'express';
import { answerError } from '../../errors/answer-error.js';
import { lifeOf } from './request-life.js';

/**
 * Answers with the JSON that `work` gives, after the handler has returned: for an answer that may be waited for, which
 * an interceptor of the application with a time limit would end. The handler takes `@Res()` without `passthrough`.
 */
export function answerLater(request: Request, response: Response, work: () => Promise<object>): void {
  work().then(
    (body) => {
      if (!lifeOf(request).over) response.json(body);
    },
    (error: unknown) => {
      answerError(error, request, response);
    },
  );
}
