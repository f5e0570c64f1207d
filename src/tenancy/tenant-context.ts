import { Injectable } from '@nestjs/common';
import { AsyncLocalStorage } from 'node:async_hooks';
import { assertTenantId } from './tenant-id.js';

/**
 * For whom the work is that is under way. Handlers and executors are called in it. A request is not: its tenant is
 * `@Tenant()`, or `request.tenantId`; what must find it deep below a controller is wrapped in `run(tenantId, …)` there.
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

  /** Undefined outside `run()`. */
  get current(): string | undefined {
    return this.storage.getStore();
  }

  /** @throws Error outside `run()`: a lost context must never turn into the default tenant */
  get tenantId(): string {
    const tenantId = this.current;
    if (tenantId === undefined) {
      throw new Error(
        'There is no tenant here. In a handler or an executor there is; in a controller take @Tenant(), ' +
          'and wrap the work that needs it in TenantContext.run(tenantId, …).',
      );
    }
    return tenantId;
  }
}
