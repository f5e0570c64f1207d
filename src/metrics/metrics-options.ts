import type { Registry } from 'prom-client';

/** How metrics are served. @publicApi */
export interface MetricsOptions {
  /** TCP port of its own for `GET /metrics`; 0 takes a free one. Default: none, the application's own port. */
  port?: number;
  /** Address that this port listens on. Default `127.0.0.1`. */
  host?: string;
  /**
   * Gives what is served, where several processes share a port: the metrics of all of them. Default: those of this
   * process.
   */
  collect?: () => Promise<string>;
  /** prom-client's registry that the application has. Default: one of our own. */
  registry?: Registry;
  /**
   * Whether the process's own metrics (memory, processor) are collected into prom-client's global registry and served
   * too, as the service does. Default false.
   */
  processMetrics?: boolean;
}

export const METRICS_OPTIONS = Symbol('METRICS_OPTIONS');
