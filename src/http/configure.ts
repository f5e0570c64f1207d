import type { NestExpressApplication } from '@nestjs/platform-express';
import type { HttpConfig } from '../config/index.js';
import { corsOptions, endPreflight } from './cors.js';
import { configureHttpServer } from './http-server.js';
import { jsonBody } from './json-body.js';
import { linger } from './linger.js';
import { requestId } from './request-id.js';
import { RunstreamExceptionFilter } from './runstream-exception.filter.js';
import { RequestValidationPipe } from './validation-pipe.js';

export interface ConfigureOptions extends Pick<HttpConfig, 'maxRequestBytes' | 'corsOrigins'> {
  /** Longest time for a whole JSON body, in milliseconds; then the connection is closed. Default 300000. */
  bodyTimeoutMs?: number;
  /** How long the rest of a refused upload is read and thrown away, in milliseconds. Default 5000. */
  lingerMs?: number;
}

/**
 * Gives an application the edge that the service has: request ids, the one error body, size and time limits,
 * validation, CORS. Create the application with `{ bodyParser: false }` and call this before `listen()`.
 *
 * @publicApi
 */
export function configureRunstream(app: NestExpressApplication, options: ConfigureOptions): void {
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(requestId, linger(options.lingerMs ?? 5000));
  app.enableCors(corsOptions(options.corsOrigins));
  app.use(endPreflight);
  app.use(jsonBody({ limitBytes: options.maxRequestBytes, timeoutMs: options.bodyTimeoutMs ?? 300_000 }));
  app.useGlobalFilters(new RunstreamExceptionFilter());
  app.useGlobalPipes(new RequestValidationPipe());
  configureHttpServer(app.getHttpServer());
}
