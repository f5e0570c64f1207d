import { RunstreamError } from '../common/index.js';

/** One message for every reason: which part of a credential is wrong is nobody's business. */
export class UnauthorizedError extends RunstreamError {
  constructor() {
    super(
      'UNAUTHORIZED',
      'Send a valid credential: Authorization: Bearer <api key or token>, or a stream ticket.',
    );
  }
}
