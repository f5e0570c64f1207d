import { RunstreamError } from '../common/index.js';

/** One message for every reason: which part of a credential is wrong is nobody's business. @publicApi */
export class UnauthorizedError extends RunstreamError {
  /** @param whose credentials are asked for: Runstream's, or the application's own */
  constructor(whose: 'ours' | 'own' = 'ours') {
    super(
      'UNAUTHORIZED',
      whose === 'own'
        ? 'Send a credential that this application accepts, or a stream ticket.'
        : 'Send a valid credential: Authorization: Bearer <api key or token>, or a stream ticket.',
    );
  }
}
