import { Inject, Injectable } from '@nestjs/common';
import { AggregatorRegistry, collectDefaultMetrics, type Metric, register, Registry } from 'prom-client';
import { METRICS_OPTIONS, type MetricsOptions } from './metrics-options.js';

/** What a module measures about itself. @publicApi */
export interface MetricSource {
  /** Made with `registers: []`: an application has its own registry. */
  readonly metrics: readonly Metric[];
}

/**
 * Collects what each module measures about itself.
 *
 * @publicApi
 */
@Injectable()
export class MetricsRegistry {
  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;
  private readonly own: Registry;
  private collecting: Promise<string> | undefined;

  constructor(@Inject(METRICS_OPTIONS) private readonly options: MetricsOptions) {
    this.own = options.registry ?? new Registry();
    if (options.collect) {
      AggregatorRegistry.setRegistries([this.own, register]);
      // It is what answers the process that collects.
      new AggregatorRegistry();
    }
    // Of the process and not of an application, so they are in the registry that the process has: once.
    if (options.processMetrics && register.getSingleMetric('process_cpu_seconds_total') === undefined)
      collectDefaultMetrics();
  }

  add(source: MetricSource): void {
    for (const metric of source.metrics) this.own.registerMetric(metric);
  }

  /**
   * All metrics as Prometheus reads them; those of the process with what others put into prom-client's global registry.
   * Asks Redis, so whoever asks meanwhile gets the same text.
   */
  text(): Promise<string> {
    this.collecting ??= this.collect().finally(() => (this.collecting = undefined));
    return this.collecting;
  }

  private async collect(): Promise<string> {
    if (this.options.collect) return this.options.collect();
    const own = await this.own.metrics();
    return this.options.processMetrics ? `${own}\n${await register.metrics()}` : own;
  }
}
