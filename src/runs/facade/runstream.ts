import { Inject, Injectable } from '@nestjs/common';
import { RunstreamError } from '../../common/index.js';
import type { TenancyConfig } from '../../config/index.js';
import { assertTenantId, TENANCY_CONFIG, TenantContext } from '../../tenancy/index.js';
import { RunOperations, RunOperationsDeps } from './run-operations.js';

/**
 * Runs, from the code of an application: what REST clients can do with them, with the same checks and the same errors.
 *
 * With one tenant it works anywhere. With several it is bound to the tenant whose work is under way, in handlers and
 * executors and within `TenantContext.run()`; elsewhere, as in a controller, `for(tenantId)` binds it.
 *
 * ```ts
 * constructor(private readonly runs: Runstream) {}
 *
 * const run = await this.runs.start({ executor: 'summarise', task: 'order 42' });
 * for await (const update of this.runs.watch(run.id)) { … }
 * ```
 *
 * @publicApi
 */
@Injectable()
export class Runstream extends RunOperations {
  constructor(
    deps: RunOperationsDeps,
    private readonly context: TenantContext,
    @Inject(TENANCY_CONFIG) private readonly tenancy: TenancyConfig,
  ) {
    super(deps);
  }

  /**
   * The same for one tenant, whatever work is under way.
   *
   * @throws ValidationFailedError for what is no tenant's id; RunstreamError `FORBIDDEN` when this application does not
   *   serve it
   */
  for(tenantId: string): RunOperations {
    assertTenantId(tenantId);
    const { enabled, defaultTenantId, allowedTenants } = this.tenancy;
    const isServed = enabled
      ? allowedTenants === '*' || allowedTenants.includes(tenantId)
      : tenantId === defaultTenantId;
    if (!isServed) {
      throw new RunstreamError(
        'FORBIDDEN',
        `This application does not serve the tenant ${tenantId}. Check its tenancy options.`,
      );
    }
    return new BoundRuns(this.deps, tenantId);
  }

  protected override get tenantId(): string {
    const { enabled, defaultTenantId } = this.tenancy;
    if (!enabled) return defaultTenantId;
    const tenantId = this.context.current;
    if (tenantId === undefined) {
      throw new Error(
        'There is no tenant here: only handlers, executors and TenantContext.run() have one. ' +
          'Call runs.for(tenantId) first; in a controller @Tenant() says whose the request is.',
      );
    }
    return tenantId;
  }
}

class BoundRuns extends RunOperations {
  constructor(
    deps: RunOperationsDeps,
    protected override readonly tenantId: string,
  ) {
    super(deps);
  }
}
