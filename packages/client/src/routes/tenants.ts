import type { AnswerOf, BodyOf } from '../types.js';
import { type CallOptions, path, Routes } from './routes.js';

/** What tenants may take of the deployment: for its operator. */
export class TenantRoutes extends Routes {
  /** The limits of a tenant. */
  limits(tenant: string, { signal }: CallOptions = {}): Promise<AnswerOf<'getTenantLimits'>> {
    return this.call<'getTenantLimits'>('GET', path`/tenants/${tenant}/limits`, { signal });
  }

  /** Sets all of them: what is left out has the default of the deployment. */
  setLimits(
    tenant: string,
    body: BodyOf<'setTenantLimits'>,
    { signal }: CallOptions = {},
  ): Promise<AnswerOf<'setTenantLimits'>> {
    return this.call<'setTenantLimits'>('PUT', path`/tenants/${tenant}/limits`, { body, signal });
  }
}
