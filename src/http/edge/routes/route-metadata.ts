import type { ErrorForm } from '../../errors/error-body.js';
import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import { ALL_TENANTS_EXTENSION } from '../../openapi/operations.js';

/** Who may call a route: a scope, or `public`. A route without it is closed. */
export const ACCESS = 'runstream:access';
/** What scope a call of the route needs in its place, when it shows the lease of a worker. */
export const ACCESS_WITH_LEASE = 'runstream:access-with-lease';
/** The route shows or changes what belongs to no single tenant. */
export const ALL_TENANTS = 'runstream:all-tenants';
/** What body a route takes. */
export const BODY = 'runstream:body';
/** The route is served however much else is under way. */
export const ALWAYS_ADMITTED = 'runstream:always-admitted';

/** How the errors of a route look. */
export const ERROR_FORM = 'runstream:error-form';
/** A header in which a credential may come, besides `Authorization`. */
export const KEY_HEADER = 'runstream:key-header';

/** The metadata of a route, by its key. */
export type Says = (key: string) => unknown;

/** What body a route takes. @publicApi */
export interface BodyRule {
  /** Largest JSON body, in bytes. Default: the application's `maxRequestBytes`. */
  maxBytes?: number;
  /** Whether NDJSON is taken too, line by line and of any length. Default false. */
  ndjson?: boolean;
}

/**
 * Metadata of a route. On a controller it is that of each of its routes that has none of its own: Nest copies a
 * method's metadata onto the function that Express calls, but not its class's, and the edge sees that function only.
 */
export function RouteMetadata(key: string, value: unknown): MethodDecorator & ClassDecorator {
  const set = SetMetadata(key, value);
  return (target: object, name?: string | symbol, descriptor?: PropertyDescriptor) => {
    if (name !== undefined && descriptor) {
      set(target, name, descriptor);
      return;
    }
    const type = target as abstract new () => unknown;
    set(type);
    const prototype = type.prototype as object;
    for (const method of Object.getOwnPropertyNames(prototype)) {
      const handler: unknown = Object.getOwnPropertyDescriptor(prototype, method)?.value;
      const isRoute = typeof handler === 'function' && method !== 'constructor';
      if (isRoute && !Reflect.hasMetadata(key, handler)) Reflect.defineMetadata(key, value, handler);
    }
  };
}

/**
 * Bounds the body that a route takes. A route that says nothing takes JSON up to the application's limit if its method
 * is POST, PUT or PATCH.
 *
 * @publicApi
 */
export const AcceptsBody = (rule: BodyRule) => RouteMetadata(BODY, rule);

/** Gives the errors of a route the body that another protocol has for them. Their statuses and headers stay. */
export const AnswersErrorsAs = (form: ErrorForm) => RouteMetadata(ERROR_FORM, form);

/** Takes the credential of a route from a header besides `Authorization`, where clients have one of their own. */
export const TakesKeyFrom = (header: string) => RouteMetadata(KEY_HEADER, header);

/** Serves a route however much else is under way: for what one asks when all goes wrong. @publicApi */
export const AlwaysAdmitted = () => RouteMetadata(ALWAYS_ADMITTED, true);

/** A route that shows or changes what belongs to no single tenant; a credential of one of several may not use it. @publicApi */
export const AllTenants = () =>
  applyDecorators(RouteMetadata(ALL_TENANTS, true), ApiExtension(ALL_TENANTS_EXTENSION, true));
