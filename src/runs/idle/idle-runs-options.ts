/** How runs are looked after that nobody works on any more. */
export interface IdleRunsOptions {
  /** How often each tenant's runs are looked at, by one process of all, in milliseconds. Default 15 000. */
  sweepMs?: number;
  /**
   * A running run whose executor no process has had for so many milliseconds fails: nobody is left to restart it.
   * Default 300 000 (5 minutes).
   */
  executorAbsentMs?: number;
}
