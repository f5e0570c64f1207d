/**
 * The request ended before its body did: the client went away, or sent nothing for too long and was cut.
 * Nobody is there any more to be answered.
 */
export class RequestCutError extends Error {
  constructor(
    readonly reason: 'aborted' | 'idle' | 'too slow',
    options?: ErrorOptions,
  ) {
    super(`The request was cut before its body was complete (${reason}).`, options);
    this.name = 'RequestCutError';
  }
}
