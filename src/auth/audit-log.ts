import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  Logger,
  type NestInterceptor,
  SetMetadata,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { type Observable, tap } from 'rxjs';
import { RunstreamError } from '../common/index.js';
import { ACCESS } from './scopes.js';

const READS = new Set(['GET', 'HEAD', 'OPTIONS']);
const AUDITED = 'runstream:audited';

/**
 * Calls of this route go into the audit log. Those that ask for an `:admin` scope and change something do anyway,
 * and so does every DELETE.
 *
 * @publicApi
 */
export const Audited = () => SetMetadata(AUDITED, true);

/** Writes a structured line for each administrative call that changes something, done or refused. */
@Injectable()
export class AuditLog implements NestInterceptor {
  private readonly logger = new Logger('Audit');

  constructor(private readonly reflector: Reflector) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (!this.isAudited(context)) return next.handle();
    return next.handle().pipe(
      tap({
        complete: () => {
          this.write(context, 'done');
        },
        error: (error: unknown) => {
          this.write(context, error instanceof RunstreamError ? error.code : 'INTERNAL_ERROR');
        },
      }),
    );
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
        action: `${request.method} ${request.path}`,
        outcome,
        by: request.principal?.id ?? 'anonymous',
        tenant_id: request.tenantId ?? request.principal?.tenantId,
        request_id: request.requestId,
      }),
    );
  }
}
