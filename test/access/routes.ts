import type { INestApplicationContext } from '@nestjs/common';
import type { Scope } from '../../src/auth/index.js';
import { ACCESS } from '../../src/http/index.js';
import { handlersOf } from '../support/documented-routes.js';

/** What each route of an application says about who may call it, by method and path: `GET /runs/{run_id}`. */
export function decisions(app: INestApplicationContext): Map<string, Scope | 'public' | undefined> {
  return new Map(
    handlersOf(app).map(({ name, controller, method }) => [name, accessOf(method) ?? accessOf(controller)]),
  );
}

function accessOf(part: object): Scope | 'public' | undefined {
  return Reflect.getMetadata(ACCESS, part) as Scope | 'public' | undefined;
}
