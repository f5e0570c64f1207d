import type { TenantDirectory } from '../../consumer/index.js';
import type { DispatchSource, DispatchStore } from '../../event-store/index.js';

/** Where runs come from: for each tenant there is, a stream for each executor here. */
export class DispatchSources {
  private readonly tenants = new Set<string>();
  private finding: Promise<boolean> | undefined;

  constructor(
    private readonly dispatch: DispatchStore,
    private readonly directory: TenantDirectory,
    private readonly executors: readonly string[],
  ) {}

  has(tenantId: string): boolean {
    return this.tenants.has(tenantId);
  }

  /** Those of some executors; of all of them by default. */
  of(executors = this.executors): DispatchSource[] {
    return [...this.tenants].flatMap((tenantId) => executors.map((executor) => ({ tenantId, executor })));
  }

  /** Looks for new tenants; whether there are any. */
  find(): Promise<boolean> {
    this.finding ??= this.add().finally(() => (this.finding = undefined));
    return this.finding;
  }

  /** Makes the groups that are not there. */
  async ensureGroups(): Promise<void> {
    for (const source of this.of()) await this.dispatch.ensureGroup(source);
  }

  private async add(): Promise<boolean> {
    const found = (await this.directory.list()).filter((tenantId) => !this.tenants.has(tenantId));
    for (const tenantId of found) {
      for (const executor of this.executors) await this.dispatch.ensureGroup({ tenantId, executor });
      this.tenants.add(tenantId);
    }
    return found.length > 0;
  }
}
