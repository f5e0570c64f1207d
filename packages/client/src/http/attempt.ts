import { RunstreamClientError } from '../errors.js';

/** One request on its way: it ends when its caller wants it to, or when nothing is heard for too long. */
export class Attempt {
  private readonly controller = new AbortController();
  private readonly giveUp = (): void => {
    this.controller.abort(this.caller?.reason);
  };

  /** @param maxSilenceMs how long the other side may say nothing while something is awaited */
  constructor(
    private readonly maxSilenceMs: number,
    private readonly caller?: AbortSignal,
  ) {
    caller?.throwIfAborted();
    caller?.addEventListener('abort', this.giveUp);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /**
   * Waits for something from the other side. The time runs only meanwhile: a reader that takes its time is no silence.
   *
   * @throws RunstreamClientError `UNREACHABLE` or `SILENT`; what the caller's signal says once that is aborted
   */
  async heard<T>(something: Promise<T>): Promise<T> {
    const timer = setTimeout(() => {
      this.controller.abort(new RunstreamClientError({ code: 'SILENT', message: this.silence() }));
    }, this.maxSilenceMs);
    try {
      return await something;
    } catch (cause) {
      if (this.signal.aborted) throw this.signal.reason;
      throw new RunstreamClientError({
        code: 'UNREACHABLE',
        message: 'The service can not be reached, or the line was cut.',
        cause,
      });
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    this.caller?.removeEventListener('abort', this.giveUp);
    this.controller.abort();
  }

  private silence(): string {
    return `Nothing came for ${this.maxSilenceMs} ms: the line is dead.`;
  }
}
