import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Application } from 'express';
import type { HttpConfig } from '../config/index.js';
import type { Admission } from './admission/index.js';
import { answerHeaders } from './edge/answer-headers.js';
import type { FindDirect } from './edge/direct-route.js';
import { front, type Identify } from './edge/front.js';
import { configureHttpServer } from './edge/http-server.js';
import { RouteTable } from './edge/route-table.js';
import { RunstreamExceptionFilter } from './errors/runstream-exception.filter.js';
import { RequestValidationPipe } from './validation-pipe.js';

export interface ConfigureOptions
  extends Pick<HttpConfig, 'maxRequestBytes' | 'corsOrigins'>, Partial<Pick<HttpConfig, 'trustProxy'>> {
  /**
   * A JSON body that is slower than 32 KiB a second for so many milliseconds ends its connection; on public routes after
   * a third of it. Default 15 000.
   */
  bodyGraceMs?: number;
  /** How long the rest of a refused upload is read and thrown away, in milliseconds. Default 5000. */
  lingerMs?: number;
}

/**
 * Request ids, the one error body, size and time limits, validation, CORS, security headers.
 *
 * @param who finds out who asks, before a body is read
 * @param admission decides whether anybody is served at the moment
 * @param findDirect who answers routes past their controllers. Default: nobody does
 */
export function configureEdge(
  app: NestExpressApplication,
  options: ConfigureOptions,
  who: Identify,
  admission: Admission,
  findDirect: FindDirect = () => undefined,
): void {
  const express = app.getHttpAdapter().getInstance() as Application;
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('trust proxy', options.trustProxy ?? false);
  const routes = new RouteTable(express, findDirect);
  // One layer: each costs Express a walk through its router.
  routes.edge = front(routes, admission, who, {
    limitBytes: options.maxRequestBytes,
    graceMs: options.bodyGraceMs ?? 15_000,
    lingerMs: options.lingerMs ?? 5000,
    headersOf: answerHeaders(options.corsOrigins),
  });
  app.use(routes.edge);
  app.useGlobalFilters(new RunstreamExceptionFilter());
  app.useGlobalPipes(new RequestValidationPipe());
  configureHttpServer(app.getHttpServer(), () => admission.refuse('pipelined'));
}
