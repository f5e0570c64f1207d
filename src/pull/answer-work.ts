import type { Request, Response } from 'express';
import { type CredentialWatch, UnauthorizedError } from '../auth/index.js';
import { answerError, lifeOf } from '../http/index.js';

/**
 * Answers a worker with what `work` gives, or 204 when that is nothing. A wait has a bound of its own, and ends with the
 * request and with its credential.
 *
 * @param waits whether it may take long
 * @param work is told when nobody is there any more to be answered
 */
export function answerWork(
  request: Request,
  response: Response,
  credentials: CredentialWatch,
  waits: boolean,
  work: (gone: AbortSignal) => Promise<object | undefined>,
): void {
  const life = lifeOf(request);
  const gone = new AbortController();
  life.onEnd(() => {
    gone.abort();
  });
  let refusal: Error | undefined;
  const watching = credentials.ended(request.principal).subscribe(() => {
    refusal = new UnauthorizedError();
    gone.abort();
  });
  const waiting = async (): Promise<object | undefined> => {
    if (waits) request.place?.becomes('worker_waits');
    const answer = await work(gone.signal);
    if (refusal) throw refusal;
    return answer;
  };
  waiting()
    .finally(() => {
      watching.unsubscribe();
    })
    .then(
      (body) => {
        if (life.over) return;
        if (body) response.json(body);
        else response.status(204).end();
      },
      (error: unknown) => {
        answerError(error, request, response);
      },
    );
}
