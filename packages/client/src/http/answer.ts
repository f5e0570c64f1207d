import type { Attempt } from './attempt.js';
import { RunstreamClientError } from '../errors.js';

/** A page has 16 MiB at most. */
const MAX_JSON_CHARS = 2 ** 25;

/** What came back to a request: its head, and a body that is read when it is asked for. */
export class Answer {
  constructor(
    private readonly response: Response,
    private readonly attempt: Attempt,
  ) {}

  get status(): number {
    return this.response.status;
  }

  /** Of a media type, as in `application/json`. */
  is(type: string): boolean {
    return this.response.headers.get('content-type')?.startsWith(type) ?? false;
  }

  /** Piece by piece, each read when it is asked for. Leaving it ends the connection. */
  async *text(): AsyncGenerator<string> {
    const decoder = new TextDecoder();
    const reader = this.response.body?.getReader();
    try {
      while (reader) {
        const { value } = await this.attempt.heard(reader.read());
        if (!value) return;
        yield decoder.decode(value, { stream: true });
      }
    } finally {
      this.close();
    }
  }

  /**
   * Whether a body that must be there is not. A browser passes off an answer that was cut in its head as one that has
   * what came of the head, and no body.
   */
  async isCut(): Promise<boolean> {
    for await (const piece of this.text()) if (piece !== '') return false;
    return true;
  }

  /** The whole body. `undefined` when there is to be none. */
  async json(): Promise<{ value: unknown; chars: number }> {
    let text = '';
    for await (const piece of this.text()) {
      text += piece;
      if (text.length > MAX_JSON_CHARS) throw this.unexpected('is too long');
    }
    if (text === '') {
      if (this.status === 204) return { value: undefined, chars: 0 };
      throw this.wasCut();
    }
    if (!this.is('application/json')) throw this.unexpected('is no JSON');
    try {
      return { value: JSON.parse(text), chars: text.length };
    } catch (cause) {
      throw this.wasCut(cause);
    }
  }

  /** What an answer with an error status says. */
  async error(): Promise<RunstreamClientError> {
    const { status, headers } = this.response;
    const said = (this.is('application/json') ? (await this.json()).value : undefined) as
      { code?: string; message?: string; request_id?: string; details?: unknown } | undefined;
    this.close();
    return new RunstreamClientError({
      code: said?.code ?? 'UNEXPECTED_ANSWER',
      message: said?.message ?? `The answer has the status ${status}.`,
      status,
      requestId: said?.request_id ?? headers.get('x-request-id') ?? undefined,
      retryAfterMs: millisecondsUntil(headers.get('retry-after')),
      details: said?.details,
    });
  }

  unexpected(what: string): RunstreamClientError {
    this.close();
    const message = `The answer ${what}: is this the address of a Runstream service?`;
    return new RunstreamClientError({ code: 'UNEXPECTED_ANSWER', message, status: this.status });
  }

  private wasCut(cause?: unknown): RunstreamClientError {
    return new RunstreamClientError({ code: 'UNREACHABLE', message: 'The answer was cut.', cause });
  }

  /** Ends the connection, unless all was read. */
  close(): void {
    this.attempt.close();
  }
}

/** A `Retry-After` is a number of seconds, or a date. */
function millisecondsUntil(header: string | null): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return ms >= 0 ? ms : undefined;
}
