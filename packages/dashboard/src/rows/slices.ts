/** Less than a frame, so that what a reader does is never late. */
const SLICE_MS = 8;

/** Runs work piece by piece, with the browser in between. */
export class Slices {
  private isWaiting = false;
  private isClosed = false;

  /** @param work does a piece that may take until the time that it is given (`performance.now()`); false: there is more */
  constructor(private readonly work: (until: number) => boolean) {}

  /** A piece at once, and all others later. */
  run(): void {
    if (this.isClosed || this.isWaiting || this.work(performance.now() + SLICE_MS)) return;
    this.isWaiting = true;
    // Not when the browser is idle: somebody waits for it.
    setTimeout(() => {
      this.isWaiting = false;
      this.run();
    });
  }

  close(): void {
    this.isClosed = true;
  }
}
