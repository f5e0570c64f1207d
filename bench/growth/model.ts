/** What one more of each takes, in bytes of Redis unless it says otherwise. */
export interface Growth {
  /** An external run with its first event: record, index, log and journal entry. */
  run: number;
  /** What is left of it when its events have expired, until RUN_TTL_SECONDS. */
  endedRun: number;
  /** An event of 100 bytes of data in the log of its run. */
  event: number;
  /** Its copy in the journal. */
  journal: number;
  /** Its producer's key. */
  key: number;
  /** A tenant with one run, without what the run takes. */
  tenant: number;
  /** A run that is watched, for each process that it is watched on. */
  subscription: number;
  /** A watcher, of the process that serves it. */
  watcher: number;
}

/** How it adds up: what to fill in is in capitals. */
export function calculatorLine(growth: Growth): string {
  const whole = (bytes: number): string => String(Math.round(bytes));
  const terms = [
    `RUNS_WITH_EVENTS × ${whole(growth.run)}`,
    `EVENTS_IN_LOGS × ${whole(growth.event)}`,
    `JOURNAL_EVENTS × ${whole(growth.journal)}`,
    `EVENTS_WITH_KEYS × ${whole(growth.key)}`,
    `EXPIRED_RUNS × ${whole(growth.endedRun)}`,
    `TENANTS × ${whole(growth.tenant)}`,
    `WATCHED_RUNS × PROCESSES × ${whole(growth.subscription)}`,
  ];
  return `Redis bytes = ${terms.join(' + ')}; service bytes = WATCHERS × ${whole(growth.watcher)}`;
}
