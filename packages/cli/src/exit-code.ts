/** What the program ends with. A run that is followed gives its own end: 0, 1 or 3. */
export const EXIT = {
  /** The run completed; what was asked for was done. */
  ok: 0,
  /** The run failed; what was asked for was refused. */
  failed: 1,
  /** An option, an argument or a name that is wrong, or an address where no Runstream service is. */
  usage: 2,
  /** The run was cancelled. */
  cancelled: 3,
  /** No credentials, or such as are not good for it. */
  credentials: 4,
  /** Gave up: the time is up, or nobody answers. */
  gaveUp: 5,
  /** Events are missing. */
  missing: 6,
  /** Ctrl-C. */
  interrupted: 130,
  /** Whoever read the output has closed it. */
  closedPipe: 141,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
