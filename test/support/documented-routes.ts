import { type INestApplicationContext, RequestMethod, type Type } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { ModulesContainer } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';

/** A method of a controller that serves a route. */
export interface Handler {
  /** As the OpenAPI document names it: `GET /runs/{run_id}`. */
  name: string;
  controller: Type;
  method: object;
}

export function handlersOf(app: INestApplicationContext): Handler[] {
  const found: Handler[] = [];
  for (const module of app.get(ModulesContainer).values()) {
    for (const { metatype } of module.controllers.values()) {
      if (typeof metatype !== 'function') continue;
      const prototype = metatype.prototype as Record<string, unknown>;
      for (const key of Object.getOwnPropertyNames(prototype)) {
        const method = prototype[key];
        if (typeof method !== 'function' || !Reflect.hasMetadata(METHOD_METADATA, method)) continue;
        const verb = RequestMethod[Reflect.getMetadata(METHOD_METADATA, method) as number] ?? '?';
        const path = [metatype, method].map((part) => String(Reflect.getMetadata(PATH_METADATA, part)));
        found.push({
          name: `${verb} ${toTemplate(path.join('/'))}`,
          controller: metatype as Type,
          method,
        });
      }
    }
  }
  return found;
}

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
