import { type INestApplication, Logger } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { checkedGroup } from './config/index.js';
import {
  Admission,
  configureHttpServer,
  type ConfigureOptions,
  Edge,
  refuseOtherAdapters,
  RunstreamExceptionFilter,
} from './http/index.js';

/**
 * Gives an application as a whole the edge that the service has: request ids, the one error body for unknown paths and
 * unknown errors, security headers, CORS, bounds for all routes, and time limits of Node's server. Runstream's own routes
 * have what they need of it without. Call this before `listen()`; at the start a line tells what it changes.
 *
 * Bodies of the application's own routes stay with its own parsers.
 *
 * @throws ConfigError for options that are wrong
 * @publicApi
 */
export function configureRunstream(application: INestApplication, options: ConfigureOptions = {}): void {
  // What NestFactory.create() gives is an application of Express, and its type does not say so.
  const app = application as NestExpressApplication;
  refuseOtherAdapters(app.getHttpAdapter().getType());
  const { trustProxy = false, corsOrigins = [], ...edge } = options;
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('trust proxy', trustProxy);
  app.get(Edge, { strict: false }).takeWhole(checkedGroup('http', { ...edge, corsOrigins }));
  app.useGlobalFilters(new RunstreamExceptionFilter());
  const admission = app.get(Admission, { strict: false });
  configureHttpServer(app.getHttpServer(), () => admission.refuse('pipelined'));
  new Logger('Runstream').debug(
    'configureRunstream: for all routes of this application request ids, error bodies, security headers, CORS, bounds ' +
      "and time limits are Runstream's.",
  );
}
