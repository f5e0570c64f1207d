import type { ExecutionContext } from '@nestjs/common';
import { ACCESS } from './route-metadata.js';

/**
 * Whether a call is for a route of Runstream, or for one with `@RequireScope()`: for guards, interceptors and throttlers
 * of an application that are for its own routes only.
 *
 * ```ts
 * intercept(context: ExecutionContext, next: CallHandler) {
 *   return isRunstreamRoute(context) ? next.handle() : next.handle().pipe(timeout(5000));
 * }
 * ```
 *
 * @publicApi
 */
export function isRunstreamRoute(context: ExecutionContext): boolean {
  return [context.getHandler(), context.getClass()].some((target) => Reflect.hasMetadata(ACCESS, target));
}
