import { ModulesContainer } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';

import { RequestOrigin } from './auth/index.js';
import { Admission, configureEdge, type ConfigureOptions, type Identify } from './http/index.js';
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
  const origin = requestOrigin(app);
  const who: Identify = {
    identify: (request, match) => {
      origin?.check(request, options.corsOrigins);
      return tenant.identify(request, match);
    },
  };
  configureEdge(app, options, who, app.get(Admission, { strict: false }));
}

/** Who leaves AuthModule out decides on their own who may do what. `app.get()` would end the process. */
function requestOrigin(app: NestExpressApplication): RequestOrigin | undefined {
  for (const { providers } of app.get(ModulesContainer).values()) {
    const instance: unknown = providers.get(RequestOrigin)?.instance;
    if (instance instanceof RequestOrigin) return instance;
  }
  return undefined;
}
