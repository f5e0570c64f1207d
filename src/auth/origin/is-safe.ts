import type { Request } from 'express';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Whether a request changes nothing. */
export function isSafe({ method }: Request): boolean {
  return SAFE_METHODS.has(method);
}
