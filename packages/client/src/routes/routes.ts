import type { Http, HttpRequest } from '../http/http.js';
import type { AnswerOf, OperationName } from '../types.js';

const DEFAULT_WAIT_SECONDS = 20;

/** Of any call. */
export interface CallOptions {
  /** Ends it: the call throws what the signal says. */
  signal?: AbortSignal;
}

/** Of a call that may be made again: for 24 hours the same one gets the first answer again. */
export interface IdempotentOptions extends CallOptions {
  /** 1 to 255 printable characters. */
  idempotencyKey?: string;
}

/** Routes of the service. Queries, bodies and answers have the names of the protocol; errors are RunstreamClientErrors. */
export abstract class Routes {
  constructor(protected readonly http: Http) {}

  protected call<Name extends OperationName>(
    method: string,
    path: string,
    request?: HttpRequest,
  ): Promise<AnswerOf<Name>> {
    return this.http.json(method, path, request) as Promise<AnswerOf<Name>>;
  }
}

/** For how long a call of a worker may wait. */
export function waitMs({ wait_seconds }: { wait_seconds?: number | null }): number {
  return 1000 * (wait_seconds ?? DEFAULT_WAIT_SECONDS);
}

/** A path out of names that may have any characters. */
export function path(parts: TemplateStringsArray, ...names: string[]): string {
  return String.raw({ raw: parts }, ...names.map(encodeURIComponent));
}
