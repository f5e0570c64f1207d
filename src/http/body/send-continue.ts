import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * Tells a client that waits for it (`Expect: 100-continue`) to send the body: only now, since whoever is refused before
 * should not have to send it at all (https://www.rfc-editor.org/rfc/rfc9110#section-10.1.1).
 */
export function sendContinue(request: IncomingMessage, response: ServerResponse): void {
  const expects = request.headers.expect?.toLowerCase() === '100-continue';
  if (expects && !response.headersSent) response.writeContinue();
}
