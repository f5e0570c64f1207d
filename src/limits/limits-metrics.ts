import { Injectable } from '@nestjs/common';
import { Counter, type Metric } from 'prom-client';
import { LIMIT_NAMES } from '../config/index.js';
import { LimitRefusals } from './limit-refusals.js';

/** As many as a dashboard shows: names of tenants are not bounded. */
const TOP_TENANTS = 10;

/** What limits of tenants have refused. */
@Injectable()
export class LimitsMetrics {
  readonly metrics: readonly Metric[];

  constructor(refusals: LimitRefusals) {
    this.metrics = [
      new Counter({
        name: 'runstream_tenant_limited_total',
        help: 'What was refused since its tenant had reached a limit, by limit.',
        labelNames: ['limit'],
        registers: [],
        collect() {
          this.reset();
          for (const limit of LIMIT_NAMES) this.inc({ limit }, refusals.byLimit[limit]);
        },
      }),
      new Counter({
        name: 'runstream_limited_tenants_total',
        help: 'The same for the ten tenants of which most was refused, by tenant.',
        labelNames: ['tenant'],
        registers: [],
        collect() {
          this.reset();
          for (const [tenant, count] of refusals.top(TOP_TENANTS)) this.inc({ tenant }, count);
        },
      }),
    ];
  }
}
