import { Injectable } from '@nestjs/common';
import { WorkTenant } from '../../tenancy/index.js';
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
    private readonly tenant: WorkTenant,
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
    this.tenant.assertServed(tenantId);
    return new BoundRuns(this.deps, tenantId);
  }

  protected override get tenantId(): string {
    return this.tenant.current;
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
