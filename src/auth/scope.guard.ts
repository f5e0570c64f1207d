import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { RunstreamError } from '../common/index.js';
import { AUTH_OPTIONS, type AuthOptions } from './auth-options.js';
import type { Principal } from './principal.js';
import { ACCESS, type Scope } from './scopes.js';

/** Lets a credential do what its scopes say. A route that says nothing is closed. */
@Injectable()
export class ScopeGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    @Inject(AUTH_OPTIONS) private readonly options: AuthOptions,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    // Event handlers are called in the same way; their events passed this guard when they were appended.
    if (context.getType() !== 'http') return true;
    const access = this.reflector.getAllAndOverride<Scope | 'public' | undefined>(ACCESS, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (access === 'public') return true;
    const request = context.switchToHttp().getRequest<Request>();
    const { principal } = request;
    if (!principal) {
      if ((this.options.mode ?? 'none') === 'none') return true;
      throw forbidden('This path is closed.');
    }
    if (access === undefined) throw forbidden('This path is closed.');
    if (!principal.scopes.includes(access)) throw forbidden(`Your credential lacks the scope ${access}.`);
    if (principal.stream) assertGranted(request, principal);
    return true;
  }
}

/** A ticket opens its one stream and nothing else. */
function assertGranted(request: Request, { stream }: Principal): void {
  const path = stream?.runId === undefined ? '/events/stream' : `/runs/${stream.runId}/events/stream`;
  if (request.method !== 'GET' || request.path !== path)
    throw forbidden('Your ticket is for another stream.');
}

function forbidden(what: string): RunstreamError {
  return new RunstreamError('FORBIDDEN', `${what} Ask an administrator for a credential that allows it.`);
}
