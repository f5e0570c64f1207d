import { Injectable, Logger, SetMetadata } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { RunstreamError } from '../common/index.js';
import { ACCESS, lifeOf, pathOf, type Says } from '../http/index.js';

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

  /** For a guard that lets the call through: writes what became of it, once it is answered. */
  watch(request: Request, response: Response, says: Says): void {
    if (!isAudited(request, says)) return;
    const life = lifeOf(request);
    life.onEnd(() => {
      // Whoever hung up before the answer does not know what became of it, and neither do we.
      this.write(request, response.errorCode ?? (life.answered ? 'done' : 'unanswered'));
    });
  }

  /** For a guard, which refuses before any interceptor sees the call. */
  refused(request: Request, says: Says, error: RunstreamError): void {
    if (isAudited(request, says)) this.write(request, error.code);
  }

  /** Never the query or the body: both may hold a secret. */
  private write(request: Request, outcome: string): void {
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

function isAudited({ method }: Request, says: Says): boolean {
  if (READS.has(method)) return false;
  const access = says(ACCESS);
  const isAdministrative = typeof access === 'string' && access.endsWith(':admin');
  return isAdministrative || method === 'DELETE' || says(AUDITED) === true;
}
