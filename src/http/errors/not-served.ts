import { NotFoundException } from '@nestjs/common';
import type { Request } from 'express';

/** What Nest itself throws for a path that no route takes: for a route that the options have switched off. */
export function notServed({ method, originalUrl }: Request): NotFoundException {
  return new NotFoundException(`Cannot ${method} ${originalUrl}`);
}
