import { type ApplicationConfig, ModulesContainer } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Type } from '@nestjs/common';
import { RequestOrigin, ScopeGuard } from './auth/index.js';
import {
  Admission,
  configureEdge,
  type ConfigureOptions,
  DIRECT,
  type DirectHandler,
  type FindDirect,
  type Identify,
  RequestValidationPipe,
} from './http/index.js';
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
  configureEdge(app, options, who, app.get(Admission, { strict: false }), directRoutes(app));
}

/** Who leaves AuthModule out decides on their own who may do what. `app.get()` would end the process. */
function requestOrigin(app: NestExpressApplication): RequestOrigin | undefined {
  for (const { providers } of app.get(ModulesContainer).values()) {
    const instance: unknown = providers.get(RequestOrigin)?.instance;
    if (instance instanceof RequestOrigin) return instance;
  }
  return undefined;
}

/**
 * Routes are answered past Nest only while nothing of the application's own would have to be asked there: guards,
 * interceptors and pipes for all routes, or middleware (RouteTable).
 */
function directRoutes(app: NestExpressApplication): FindDirect {
  return (says) => {
    // Nest tells in no other way what an application has for all routes. Without it every route goes through Nest.
    const { config } = app as unknown as { config?: ApplicationConfig };
    if (!config || !hasOnlyOurs(config)) return undefined;
    const guard = config.getGlobalGuards().find((one) => one instanceof ScopeGuard);
    const handler = app.get(says(DIRECT) as Type<DirectHandler>, { strict: false });
    return async (request, response, params) => {
      await guard?.admit(request, response, says);
      return handler.answer(request, params);
    };
  };
}

function hasOnlyOurs(config: ApplicationConfig): boolean {
  const others = [
    ...config.getGlobalGuards().filter((guard) => !(guard instanceof ScopeGuard)),
    ...config.getGlobalPipes().filter((pipe) => !(pipe instanceof RequestValidationPipe)),
    ...config.getGlobalInterceptors(),
    ...config.getGlobalRequestGuards(),
    ...config.getGlobalRequestPipes(),
    ...config.getGlobalRequestInterceptors(),
    ...config.getGlobalPreRequestHooks(),
  ];
  return others.length === 0;
}
