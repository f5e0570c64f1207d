import { type ExecutionContext, Injectable, Logger, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request, Response } from 'express';
import type { RunstreamError } from '../common/index.js';
import { ACCESS, lifeOf, pathOf } from '../http/index.js';

const READS = new Set(['GET', 'HEAD', 'OPTIONS']);
const AUDITED = 'runstream:audited';

/**
 * Calls of this route go into the audit log. Those that ask for an `:admin` scope and change something do anyway,
 * and so does every DELETE.
 *
 * @publicApi
 */
export const Audited = () => SetMetadata(AUDITED, true);

/**
 * Writes a structured line for each administrative call that changes something, done or refused. Not an interceptor:
 * one that is there for every route costs each request a chain of Observables.
 */
@Injectable()
export class AuditLog {
  private readonly logger = new Logger('Audit');

  constructor(private readonly reflector: Reflector) {}

  /** For a guard that lets the call through: writes what became of it, once it is answered. */
  watch(context: ExecutionContext): void {
    if (!this.isAudited(context)) return;
    const http = context.switchToHttp();
    const life = lifeOf(http.getRequest<Request>());
    const response = http.getResponse<Response>();
    life.onEnd(() => {
      // Whoever hung up before the answer does not know what became of it, and neither do we.
      this.write(context, response.errorCode ?? (life.answered ? 'done' : 'unanswered'));
    });
  }

  /** For a guard, which refuses before any interceptor sees the call. */
  refused(context: ExecutionContext, error: RunstreamError): void {
    if (this.isAudited(context)) this.write(context, error.code);
  }

  private isAudited(context: ExecutionContext): boolean {
    if (context.getType() !== 'http') return false;
    const { method } = context.switchToHttp().getRequest<Request>();
    if (READS.has(method)) return false;
    const route = [context.getHandler(), context.getClass()];
    const access: unknown = this.reflector.getAllAndOverride(ACCESS, route);
    const isAdministrative = typeof access === 'string' && access.endsWith(':admin');
    return (
      isAdministrative || method === 'DELETE' || this.reflector.getAllAndOverride(AUDITED, route) === true
    );
  }

  /** Never the query or the body: both may hold a secret. */
  private write(context: ExecutionContext, outcome: string): void {
    const request = context.switchToHttp().getRequest<Request>();
    this.logger.log(
      JSON.stringify({
        action: `${request.method} ${pathOf(request)}`,
        outcome,
        by: request.principal?.id ?? 'anonymous',
        tenant_id: request.tenantId ?? request.principal?.tenantId,
        request_id: request.requestId,
      }),
    );
  }
}
