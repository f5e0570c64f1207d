import { type INestApplicationContext, RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { ModulesContainer } from '@nestjs/core';
import type { Scope } from '../../src/auth/index.js';
import { ACCESS } from '../../src/http/index.js';

/** What each route of an application says about who may call it, by method and path: `GET /runs/{run_id}`. */
export function decisions(app: INestApplicationContext): Map<string, Scope | 'public' | undefined> {
  const found = new Map<string, Scope | 'public' | undefined>();
  for (const module of app.get(ModulesContainer).values()) {
    for (const { metatype } of module.controllers.values()) {
      if (typeof metatype !== 'function') continue;
      const prototype = metatype.prototype as Record<string, unknown>;
      for (const key of Object.getOwnPropertyNames(prototype)) {
        const handler = prototype[key];
        if (typeof handler !== 'function' || !Reflect.hasMetadata(METHOD_METADATA, handler)) continue;
        const method = RequestMethod[Reflect.getMetadata(METHOD_METADATA, handler) as number] ?? '?';
        const path = [metatype, handler].map((part) => String(Reflect.getMetadata(PATH_METADATA, part)));
        found.set(`${method} ${toTemplate(path.join('/'))}`, accessOf(handler) ?? accessOf(metatype));
      }
    }
  }
  return found;
}

function accessOf(part: object): Scope | 'public' | undefined {
  return Reflect.getMetadata(ACCESS, part) as Scope | 'public' | undefined;
}

/** A route's path in the form of the OpenAPI document. */
function toTemplate(path: string): string {
  const joined = `/${path}`.replaceAll(/\/{2,}/g, '/').replace(/(.)\/$/, '$1');
  return joined.replaceAll(/:(\w+)/g, '{$1}');
}
