import { Injectable } from '@nestjs/common';
import { Counter, Gauge, type Metric } from 'prom-client';
import { Admission } from './admission.js';
import { REFUSALS } from './bound-names.js';

/** How close this process is to its bounds. */
@Injectable()
export class AdmissionMetrics {
  readonly metrics: readonly Metric[];

  constructor(admission: Admission) {
    this.metrics = [
      new Counter({
        name: 'runstream_refused_total',
        help: 'Requests that were refused, by the bound that was reached.',
        labelNames: ['bound'],
        registers: [],
        collect() {
          this.reset();
          for (const bound of REFUSALS) this.inc({ bound }, admission.refused[bound]);
        },
      }),
      new Gauge({
        name: 'runstream_in_use',
        help: 'What is taken of each bound: requests under way by kind, bytes of bodies, bytes of answers.',
        labelNames: ['bound'],
        registers: [],
        collect() {
          for (const [bound, amount] of Object.entries(admission.inUse())) this.set({ bound }, amount);
        },
      }),
      new Gauge({
        name: 'runstream_event_loop_delay_seconds',
        help: 'How late the event loop is, as the admission of requests sees it.',
        aggregator: 'max',
        registers: [],
        collect() {
          this.set(admission.load.delayMs / 1000);
        },
      }),
    ];
  }
}
