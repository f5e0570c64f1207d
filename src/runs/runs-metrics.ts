import { Injectable } from '@nestjs/common';
import { Gauge, type Metric } from 'prom-client';
import { EventStreams } from './sse/event-streams.js';

/** What serving runs over HTTP holds open. */
@Injectable()
export class RunsMetrics {
  readonly metrics: readonly Metric[];

  constructor(streams: EventStreams) {
    this.metrics = [
      new Gauge({
        name: 'runstream_open_streams',
        help: 'Event streams (SSE) that are open on this instance.',
        registers: [],
        collect() {
          this.set(streams.count);
        },
      }),
    ];
  }
}
