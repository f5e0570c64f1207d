import { type CanActivate, type ExecutionContext, Inject, Injectable, Optional } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request, Response } from 'express';
import { RunstreamError } from '../../common/index.js';
import { ACCESS, ACCESS_WITH_LEASE, ALL_TENANTS, type Says } from '../../http/index.js';
import { OPENED_BY_TICKET } from '../streams/opened-by-ticket.decorator.js';
import type { TenancyConfig } from '../../config/index.js';
import { RequestQuota } from '../../limits/index.js';
import { TENANCY_CONFIG, TenantResolver } from '../../tenancy/index.js';
import { AuditLog } from '../audit-log.js';
import { Authenticator } from '../authenticator.js';
import type { Principal, StreamGrant } from '../principal.js';
import type { Scope } from './scopes.js';

/** Lets a credential do what its scopes say. A route that says nothing is closed. */
@Injectable()
export class ScopeGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly authenticator: Authenticator,
    private readonly tenants: TenantResolver,
    private readonly audit: AuditLog,
    @Inject(TENANCY_CONFIG) private readonly tenancy: TenancyConfig,
    @Optional() private readonly quota?: RequestQuota,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const route = [context.getHandler(), context.getClass()];
    const http = context.switchToHttp();
    await this.admit(http.getRequest<Request>(), http.getResponse<Response>(), (key) =>
      this.reflector.getAllAndOverride<unknown>(key, route),
    );
    return true;
  }

  /**
   * Lets a call of a route through, or not.
   *
   * @param says the route's metadata
   * @throws RunstreamError FORBIDDEN, UnauthorizedError
   */
  async admit(request: Request, response: Response, says: Says): Promise<void> {
    const withLease = request.get('Lease-Token') === undefined ? undefined : says(ACCESS_WITH_LEASE);
    const access = (withLease ?? says(ACCESS)) as Scope | 'public' | undefined;
    if (access !== 'public') await this.identify(request, says);
    const refusal =
      access !== 'public' && request.principal && this.refusal(says, request, request.principal, access);
    if (!refusal) {
      this.audit.watch(request, response, says);
      return;
    }
    this.audit.refused(request, says, refusal);
    throw refusal;
  }

  /** Routes of no single tenant were let through so far, and so were all if the application's guards say who asks. */
  private async identify(request: Request, says: Says): Promise<void> {
    if (request.tenantId === undefined && says(ALL_TENANTS) !== true) {
      request.tenantId = await this.tenants.resolve(request);
      request.place?.belongsTo(request.caller);
      await this.quota?.take(request.tenantId);
    }
    request.principal ??= await this.authenticator.authenticate(request);
  }

  private refusal(
    says: Says,
    request: Request,
    principal: Principal,
    access: Scope | undefined,
  ): RunstreamError | undefined {
    if (access === undefined) return forbidden('This path is closed.');
    if (!principal.scopes.includes(access)) return forbidden(`Your credential lacks the scope ${access}.`);
    if (principal.stream && !isGranted(request, principal.stream, says))
      return forbidden('Your ticket is for another stream.');
    if (says(ALL_TENANTS) === true && !this.seesAllTenants(principal)) {
      return forbidden('This path shows what belongs to all tenants.');
    }
    return undefined;
  }

  /** Where nobody proves anything, the choice of a tenant takes nothing away. */
  private seesAllTenants({ kind, tenantId }: Principal): boolean {
    return kind === 'tenant' || (!this.tenancy.enabled && tenantId === this.tenancy.defaultTenantId);
  }
}

/** A ticket opens its one stream and nothing else. */
function isGranted({ method, params }: Request, { runId }: StreamGrant, says: Says): boolean {
  const opened = says(OPENED_BY_TICKET);
  const isItsStream =
    runId === undefined ? opened === 'journal' : opened === 'run' && params['run_id'] === runId;
  return method === 'GET' && isItsStream;
}

function forbidden(what: string): RunstreamError {
  return new RunstreamError('FORBIDDEN', `${what} Ask an administrator for a credential that allows it.`);
}
