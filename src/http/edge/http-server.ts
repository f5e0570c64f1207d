import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { randomUUID } from 'node:crypto';
import { RunstreamError, ValidationFailedError } from '../../common/index.js';
import { errorBody } from '../errors/error-body.js';
import { begin, requestsUnderWay } from './life/request-life.js';

/** Requests that may be under way on one connection; who pipelines more is cut. */
const MOST_PIPELINED = 16;
/** How long a refused connection may still send, in milliseconds, so that it can read why. */
const CLOSE_GRACE_MS = 2000;

/**
 * Time limits of Node's server, its own errors in our error body, and the beginning of each request's life.
 *
 * @param onPipelined told of each connection that was cut, since it had too many requests under way
 */
export function configureHttpServer(server: Server, onPipelined: () => void): void {
  // An NDJSON upload may last for hours. What stands in for this limit: headersTimeout, the time limit of a
  // JSON body, and the idle limit of readLines.
  server.requestTimeout = 0;
  server.headersTimeout = 60_000;
  // Longer than the usual 60 s of a load balancer, so that it is never the one surprised by a closed socket.
  server.keepAliveTimeout = 65_000;
  server.prependListener('request', (request, response) => {
    begin(request, response);
    // Nothing less would do: the rest of what was sent is parsed already, and each request would get its answer.
    if (!request.socket.destroyed && requestsUnderWay(request.socket) > MOST_PIPELINED) {
      request.socket.destroy();
      onPipelined();
    }
    toOriginForm(request);
  });
  // Whether the body is wanted is known only once it is known who asks (send-continue.ts).
  server.on('checkContinue', (request, response) => server.emit('request', request, response));
  server.on('clientError', answerClientError);
  // An expectation that is not known may be ignored; Node would answer with an empty 417.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
}

/**
 * A proxy's form of the request line (`GET http://host/path`) as the usual one. Express answers one without a
 * path by itself, before any layer of ours.
 */
function toOriginForm(request: IncomingMessage): void {
  const { url } = request;
  if (url === undefined || url.startsWith('/') || url === '*') return;
  const { pathname, search } = URL.canParse(url) ? new URL(url) : new URL('http://host/');
  request.url = pathname + search;
}

/** Node's parser gave up, so there is no request and no response: only a socket. */
function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  const { _httpMessage: answer } = socket as Socket & {
    _httpMessage?: ServerResponse | null;
  };
  if (error.code === 'ECONNRESET' || !socket.writable || answer?.headersSent) {
    socket.destroy(error);
    return;
  }
  const requestId = randomUUID();
  const refusal = meaningOf(error.code);
  const body = JSON.stringify(errorBody(refusal, requestId));
  socket.end(
    [
      `HTTP/1.1 ${refusal.status} ${refusal.status === 413 ? 'Content Too Large' : 'Bad Request'}`,
      'Connection: close',
      'Content-Type: application/json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      `X-Request-Id: ${requestId}`,
      '',
      body,
    ].join('\r\n'),
  );
  // Closing with unread input resets the connection, and the answer with it.
  const timer = setTimeout(() => socket.destroy(), CLOSE_GRACE_MS);
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
}

function meaningOf(code: string | undefined): RunstreamError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new RunstreamError(
        'PAYLOAD_TOO_LARGE',
        'The headers of the request are too large. Send fewer or shorter ones.',
      );
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new RunstreamError(
        'PAYLOAD_TOO_LARGE',
        'The chunk extensions of the request are too large. Leave them out.',
      );
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new ValidationFailedError([
        { path: '', message: 'the headers of the request did not arrive in time' },
      ]);
    default:
      return new ValidationFailedError([{ path: '', message: 'not a valid HTTP/1.1 request' }]);
  }
}
