import { METHOD_METADATA, PATH_METADATA, ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import { ModulesContainer } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';

/** Each documented operation with the controller method that serves it. */
export interface Handler {
  name: string;
  queries: (abstract new () => object)[];
}

export function handlersOf(app: NestExpressApplication): Handler[] {
  const found: Handler[] = [];
  for (const module of app.get(ModulesContainer).values()) {
    for (const { metatype } of module.controllers.values()) {
      if (typeof metatype !== 'function') continue;
      const prototype = metatype.prototype as Record<string, unknown>;
      for (const key of Object.getOwnPropertyNames(prototype)) {
        const handler = prototype[key];
        if (typeof handler !== 'function' || !Reflect.hasMetadata(METHOD_METADATA, handler)) continue;
        const paths = [
          Reflect.getMetadata(PATH_METADATA, metatype),
          Reflect.getMetadata(PATH_METADATA, handler),
        ];
        const method = METHODS[Reflect.getMetadata(METHOD_METADATA, handler) as number] ?? '?';
        const types = (Reflect.getMetadata('design:paramtypes', prototype, key) ?? []) as Handler['queries'];
        const args = (Reflect.getMetadata(ROUTE_ARGS_METADATA, metatype, key) ?? {}) as Record<
          string,
          { index: number }
        >;
        found.push({
          name: `${method} ${toTemplate(paths.join('/'))}`,
          queries: Object.entries(args)
            .filter(([kind]) => kind.startsWith(`${RouteParamtypes.QUERY}:`))
            .map(([, { index }]) => types[index]!),
        });
      }
    }
  }
  return found;
}

/** Nest's numbers for methods. */
const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH'];

/** A route's path in the form of the document. */
function toTemplate(path: string): string {
  const joined = `/${path}`.replaceAll(/\/{2,}/g, '/').replace(/(.)\/$/, '$1');
  return joined.replaceAll(/:(\w+)/g, '{$1}');
}

interface RouterLayer {
  route?: { path: string; methods: Record<string, boolean> };
}

/** The routes that Express has, as the document writes them. */
export function routesOf(app: NestExpressApplication): string[] {
  const { router } = app.getHttpAdapter().getInstance() as { router: { stack: RouterLayer[] } };
  return router.stack.flatMap(({ route }) =>
    route
      ? Object.keys(route.methods).map((method) => `${method.toUpperCase()} ${toTemplate(route.path)}`)
      : [],
  );
}
