/**
 * Something the service cannot do without. Registered by the module that knows it.
 *
 * @publicApi
 */
export interface HealthIndicator {
  /** Short and public: `redis`. */
  readonly name: string;
  /** Rejects while it is down. What it rejects with is logged, never sent. */
  check(): Promise<void>;
}
