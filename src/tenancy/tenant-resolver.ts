import { Inject, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { RunstreamError, ValidationFailedError } from '../common/index.js';
import type { TenancyConfig } from '../config/index.js';
import { assertTenantId } from './tenant-id.js';

export const TENANCY_CONFIG = Symbol('TENANCY_CONFIG');

/**
 * Says which tenant a request belongs to, or throws. Provide another implementation under this token where
 * something else than a header names the tenant (a credential).
 *
 * @publicApi
 */
export abstract class TenantResolver {
  abstract resolve(request: Request): string | Promise<string>;
}

/** With tenancy off: always the default tenant. On: the header, which must be there, once, and allowed. @publicApi */
@Injectable()
export class HeaderTenantResolver extends TenantResolver {
  constructor(@Inject(TENANCY_CONFIG) private readonly config: TenancyConfig) {
    super();
    assertTenantId(config.defaultTenantId, 'defaultTenantId');
  }

  override resolve(request: Request): string {
    const { enabled, defaultTenantId, allowedTenants, header } = this.config;
    if (!enabled) return defaultTenantId;
    const values = request.headersDistinct[header.toLowerCase()] ?? [];
    const [tenantId, ...more] = values;
    if (!tenantId) {
      throw new ValidationFailedError([
        { path: header, message: 'missing: name your tenant in this header' },
      ]);
    }
    if (more.length > 0 || tenantId.includes(',')) {
      throw new ValidationFailedError([
        { path: header, message: 'given more than once: send it exactly once' },
      ]);
    }
    assertTenantId(tenantId, header);
    if (allowedTenants !== '*' && !allowedTenants.includes(tenantId)) {
      throw new RunstreamError(
        'FORBIDDEN',
        `This service does not serve that tenant. Check the ${header} header.`,
      );
    }
    return tenantId;
  }
}
