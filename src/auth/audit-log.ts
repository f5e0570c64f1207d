import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  Logger,
  type NestInterceptor,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { type Observable, tap } from 'rxjs';
import { ACCESS } from './scopes.js';

const READS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Writes a structured line for each administrative call that changes something, done or refused. */
@Injectable()
export class AuditLog implements NestInterceptor {
  private readonly logger = new Logger('Audit');

  constructor(private readonly reflector: Reflector) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http') return next.handle();
    const request = context.switchToHttp().getRequest<Request>();
    const access: unknown = this.reflector.getAllAndOverride(ACCESS, [
      context.getHandler(),
      context.getClass(),
    ]);
    const isAdministrative = typeof access === 'string' && access.endsWith(':admin');
    if (READS.has(request.method) || !(isAdministrative || request.method === 'DELETE')) return next.handle();
    return next.handle().pipe(
      tap({
        complete: () => {
          this.write(request, 'done');
        },
        error: (error: unknown) => {
          this.write(request, error instanceof Error ? error.name : 'failed');
        },
      }),
    );
  }

  /** Never the query or the body: both may hold a secret. */
  private write(request: Request, outcome: string): void {
    this.logger.log(
      JSON.stringify({
        action: `${request.method} ${request.path}`,
        outcome,
        by: request.principal?.id ?? 'anonymous',
        tenant_id: request.tenantId,
        request_id: request.requestId,
      }),
    );
  }
}
