/** Waits; ends at once with what the signal says when that is aborted. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const give = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', give);
      resolve();
    }, ms);
    signal.addEventListener('abort', give, { once: true });
  });
}

/** Waits until somebody may look at the page. */
export function isShown(signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    if (!document.hidden) return resolve();
    const ended = new AbortController();
    const options = { signal: ended.signal };
    const look = (): void => {
      if (document.hidden) return;
      ended.abort();
      resolve();
    };
    document.addEventListener('visibilitychange', look, options);
    signal.addEventListener(
      'abort',
      () => {
        ended.abort();
        reject(signal.reason as Error);
      },
      options,
    );
  });
}

/** A signal that is aborted once the page was hidden for so long without a break, or with the other one. */
export function hiddenFor(ms: number, signal: AbortSignal): { signal: AbortSignal; stop(): void } {
  const hidden = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = (): void => {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(() => hidden.abort(), ms);
  };
  const stop = (): void => {
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', look);
    signal.removeEventListener('abort', end);
  };
  const end = (): void => {
    stop();
    hidden.abort(signal.reason);
  };
  document.addEventListener('visibilitychange', look);
  signal.addEventListener('abort', end);
  look();
  return { signal: hidden.signal, stop };
}
