import { Injectable, Optional } from '@nestjs/common';
import type { Request } from 'express';
import { lifeOf } from '../../http/index.js';
import { StreamQuota } from '../../limits/index.js';

/** Counts a stream for its tenant, while a refusal can still be a status. */
@Injectable()
export class StreamPlace {
  constructor(@Optional() private readonly quota?: StreamQuota) {}

  /** Takes one of the tenant's streams for as long as the request lives. @throws TenantLimitError */
  async take(request: Request): Promise<void> {
    if (!this.quota || request.method === 'HEAD') return;
    const giveBack = await this.quota.take(request.tenantId ?? '');
    lifeOf(request).onEnd(giveBack);
  }
}
