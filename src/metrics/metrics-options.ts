/** How metrics are served. */
export interface MetricsOptions {
  /** TCP port of its own for `GET /metrics`; 0 takes a free one. Default: none, the application's own port. */
  port?: number;
  /** Address that this port listens on. Default `127.0.0.1`. */
  host?: string;
}

export const METRICS_OPTIONS = Symbol('METRICS_OPTIONS');
