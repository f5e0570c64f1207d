import { Injectable } from '@nestjs/common';
import { AsyncLocalStorage } from 'node:async_hooks';
import { assertTenantId } from './tenant-id.js';

/**
 * Whose request this is. Bound at the edge; below the controllers the tenant is an explicit argument, so that
 * a worker without a request needs no context.
 *
 * @publicApi
 */
@Injectable()
export class TenantContext {
  private readonly storage = new AsyncLocalStorage<string>();

  /** Runs `work`, and everything it starts, for one tenant. */
  run<Result>(tenantId: string, work: () => Result): Result {
    assertTenantId(tenantId);
    return this.storage.run(tenantId, work);
  }

  /** @throws Error outside `run()`: a lost context must never turn into the default tenant */
  get tenantId(): string {
    const tenantId = this.storage.getStore();
    if (tenantId === undefined) {
      throw new Error(
        'There is no tenant here. Read TenantContext.tenantId while handling a request, ' +
          'or wrap the work in TenantContext.run(tenantId, …).',
      );
    }
    return tenantId;
  }
}
