/** How metrics are served. */
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
}

export const METRICS_OPTIONS = Symbol('METRICS_OPTIONS');
