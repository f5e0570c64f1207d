/** Calls it once for any number of events, before the browser paints: at most 60 times a second. */
export function oncePerFrame(run: () => void): () => void {
  let isAsked = false;
  return () => {
    if (isAsked) return;
    isAsked = true;
    // No frames come while the page is hidden, and nobody looks.
    requestAnimationFrame(() => {
      isAsked = false;
      run();
    });
  };
}

/** Lets the browser do what it has to: input, painting. */
export function idle(): Promise<void> {
  return new Promise((resolve) => {
    if ('requestIdleCallback' in globalThis) requestIdleCallback(() => resolve(), { timeout: 50 });
    else setTimeout(resolve);
  });
}
