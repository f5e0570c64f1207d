import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { HttpConfig } from '../config/index.js';
import type { Admission } from './admission/index.js';
import { corsOptions, endPreflight } from './edge/cors.js';
import { configureHttpServer } from './edge/http-server.js';
import { jsonBody } from './body/json-body.js';
import { linger } from './body/linger.js';
import { requestId } from './edge/request-id.js';
import { RunstreamExceptionFilter } from './errors/runstream-exception.filter.js';
import { setSecurityHeaders } from './edge/security-headers.js';
import { RequestValidationPipe } from './validation-pipe.js';

export interface ConfigureOptions extends Pick<HttpConfig, 'maxRequestBytes' | 'corsOrigins'> {
  /** Longest time for a whole JSON body, in milliseconds; then the connection is closed. Default 300000. */
  bodyTimeoutMs?: number;
  /** How long the rest of a refused upload is read and thrown away, in milliseconds. Default 5000. */
  lingerMs?: number;
}

/**
 * Request ids, the one error body, size and time limits, validation, CORS, security headers.
 *
 * @param identify finds out who asks, before a body is read
 * @param admission decides whether anybody is served at the moment
 */
export function configureEdge(
  app: NestExpressApplication,
  options: ConfigureOptions,
  identify: RequestHandler,
  admission: Admission,
): void {
  app.disable('x-powered-by');
  app.disable('etag');
  const lingerMs = options.lingerMs ?? 5000;
  // One layer: each costs Express a walk through its router.
  app.use((request: Request, response: Response, next: NextFunction) => {
    requestId(request, response);
    setSecurityHeaders(response);
    linger(request, response, lingerMs);
    next();
  });
  app.enableCors(corsOptions(options.corsOrigins));
  app.use(endPreflight);
  app.use(admission.admit.bind(admission), identify);
  const body = { limitBytes: options.maxRequestBytes, timeoutMs: options.bodyTimeoutMs ?? 300_000 };
  app.use(jsonBody(body, admission));
  app.useGlobalFilters(new RunstreamExceptionFilter());
  app.useGlobalPipes(new RequestValidationPipe());
  configureHttpServer(app.getHttpServer());
}
