import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { notServed } from '../../http/index.js';
import { AUTH_OPTIONS, type AuthOptions } from '../auth-options.js';

/** For routes that mean nothing without API keys, in an application whose options are known only once it starts. */
@Injectable()
export class WithApiKeys implements CanActivate {
  constructor(@Inject(AUTH_OPTIONS) private readonly options: AuthOptions) {}

  canActivate(context: ExecutionContext): boolean {
    if (this.options.mode === 'api-key') return true;
    throw notServed(context.switchToHttp().getRequest<Request>());
  }
}
