import { Injectable } from '@nestjs/common';
import { Counter, Gauge, type Metric } from 'prom-client';
import { OutageBuffer } from '../dispatch/index.js';
import { EventStreams } from './sse/event-streams.js';

/** What serving runs over HTTP holds open. */
@Injectable()
export class RunsMetrics {
  readonly metrics: readonly Metric[];

  constructor(streams: EventStreams, buffer: OutageBuffer) {
    this.metrics = [
      new Gauge({
        name: 'runstream_open_streams',
        help: 'Event streams (SSE) that are open on this instance.',
        registers: [],
        collect() {
          this.set(streams.count);
        },
      }),
      new Gauge({
        name: 'runstream_outage_buffer_events',
        help: 'Events of executors here that wait for Redis to be back.',
        registers: [],
        collect() {
          this.set(buffer.events);
        },
      }),
      new Gauge({
        name: 'runstream_outage_buffer_bytes',
        help: 'Bytes of these events.',
        registers: [],
        collect() {
          this.set(buffer.bytes);
        },
      }),
      new Counter({
        name: 'runstream_outage_discarded_events_total',
        help: 'Events that waited for Redis and came to nothing: their run had ended or was taken over.',
        registers: [],
        collect() {
          this.reset();
          this.inc(buffer.discarded);
        },
      }),
    ];
  }
}
