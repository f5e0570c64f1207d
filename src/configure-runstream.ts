import type { NestExpressApplication } from '@nestjs/platform-express';
import { Admission, configureEdge, type ConfigureOptions } from './http/index.js';
import { RequestTenant } from './tenancy/index.js';

/**
 * Gives an application the edge that the service has: request ids, tenants and credentials, the one error body, size
 * and time limits, validation, CORS, security headers. Create the application with `{ bodyParser: false }` and call
 * this before `listen()`.
 *
 * @publicApi
 */
export function configureRunstream(app: NestExpressApplication, options: ConfigureOptions): void {
  const tenant = app.get(RequestTenant, { strict: false });
  configureEdge(app, options, tenant, app.get(Admission, { strict: false }));
}
