/* This is the one place for timers whose delay is not a constant of the code; eslint.config.js forbids them elsewhere. */

/** Node's timers take no more: one that is longer fires after 1 ms. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** A timer of any length. */
export interface LongTimeout {
  /** Does nothing once it has fired. */
  cancel(): void;
}

export interface DelayOptions {
  /** Ends the wait: the promise is rejected with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Whether the process lives until it is over. Default true. */
  ref?: boolean;
}

/**
 * Calls `callback` once after `ms` milliseconds, however many: what Node's timers can't take is waited for in parts.
 * NaN counts as 0, and Infinity is never over.
 */
export function setLongTimeout(callback: () => void, ms: number, { ref = true } = {}): LongTimeout {
  const endsAt = performance.now() + (Number.isNaN(ms) ? 0 : ms);
  let timer: NodeJS.Timeout;
  const arm = (left: number): void => {
    timer = setTimeout(
      () => {
        const rest = endsAt - performance.now();
        // Below 1 ms a timer is early by its rounding.
        if (rest >= 1 && left > MAX_TIMER_MS) arm(rest);
        else callback();
      },
      Math.min(left, MAX_TIMER_MS),
    );
    if (!ref) timer.unref();
  };
  arm(Number.isNaN(ms) ? 0 : ms);
  return {
    cancel: () => {
      clearTimeout(timer);
    },
  };
}

/**
 * Limits a wait for what comes over a socket. A process that stood still finds its timers due before it has read what
 * came meanwhile: that is read first, and whoever gets what he waits for cancels.
 */
export function setWaitLimit(callback: () => void, ms: number): LongTimeout {
  let turn: NodeJS.Immediate | undefined;
  const timer = setLongTimeout(() => (turn = setImmediate(callback)), ms);
  return {
    cancel: () => {
      timer.cancel();
      clearImmediate(turn);
    },
  };
}

/** A signal that is aborted after so many milliseconds, however many. The process does not live for it. */
export function timeLimit(ms: number): AbortSignal {
  const abort = new AbortController();
  setLongTimeout(
    () => {
      abort.abort(new DOMException(`Not within ${ms} ms.`, 'TimeoutError'));
    },
    ms,
    { ref: false },
  );
  return abort.signal;
}

/** Calls `callback` every `ms` milliseconds, however many, until it is cancelled. */
export function setLongInterval(callback: () => void, ms: number, { ref = true } = {}): LongTimeout {
  let timer: LongTimeout;
  const arm = (): void => {
    timer = setLongTimeout(
      () => {
        arm();
        callback();
      },
      ms,
      { ref },
    );
  };
  arm();
  return {
    cancel: () => {
      timer.cancel();
    },
  };
}

/** Waits so many milliseconds, however many. @throws the signal's reason */
export function delay(ms: number, { signal, ref = true }: DelayOptions = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (): void => {
      reject(signal?.reason instanceof Error ? signal.reason : new Error('The wait was ended.'));
    };
    if (signal?.aborted) {
      fail();
      return;
    }
    const onAbort = (): void => {
      timer.cancel();
      fail();
    };
    const timer = setLongTimeout(
      () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      },
      ms,
      { ref },
    );
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
