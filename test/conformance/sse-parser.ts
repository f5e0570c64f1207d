/**
 * A parser of `text/event-stream` that follows the WHATWG algorithm and, beside what a browser dispatches,
 * keeps what a browser hides: the lines of each block, comments, and blocks that dispatch nothing.
 */

/** A block that a browser would dispatch as an event. */
export interface SseFrame {
  readonly kind: 'frame';
  /** The `id:` written in this very block; null when it had none. */
  readonly id: string | null;
  /** What a browser would send as `Last-Event-ID` after this frame. */
  readonly lastEventId: string;
  /** The event's name; `message` when the block had no `event:`. */
  readonly event: string;
  /** Whether the block had an `event:` line. */
  readonly named: boolean;
  readonly data: string;
  /** The `retry:` of this block, in milliseconds. */
  readonly retryMs: number | null;
  /** The block's lines as they came, comments included. */
  readonly lines: readonly string[];
}

/** A block without data: it may move the cursor or set the retry time, but dispatches nothing. */
export interface SseSilentBlock {
  readonly kind: 'silent';
  readonly id: string | null;
  readonly retryMs: number | null;
  readonly lines: readonly string[];
}

export interface SseComment {
  readonly kind: 'comment';
  /** The text after the colon, as it came. */
  readonly text: string;
}

export type SseItem = SseFrame | SseSilentBlock | SseComment;

export class SseParser {
  private readonly decoder = new TextDecoder('utf-8');
  /** Pieces of a line whose end has not come yet; kept apart so that one long line stays linear. */
  private partial: string[] = [];
  private afterCarriageReturn = false;
  private block = newBlock();
  private lastEventId = '';

  constructor(private readonly emit: (item: SseItem) => void) {}

  push(bytes: Uint8Array): void {
    this.take(this.decoder.decode(bytes, { stream: true }));
  }

  private take(text: string): void {
    let from = 0;
    // CRLF may be cut between two chunks: the LF then belongs to the CR before.
    if (this.afterCarriageReturn && text.length > 0) {
      if (text.startsWith('\n')) from = 1;
      this.afterCarriageReturn = false;
    }
    const lineEnd = /\r\n|\n|\r/g;
    lineEnd.lastIndex = from;
    for (let found = lineEnd.exec(text); found; found = lineEnd.exec(text)) {
      this.partial.push(text.slice(from, found.index));
      const line = this.partial.join('');
      this.partial = [];
      from = lineEnd.lastIndex;
      this.afterCarriageReturn = found[0] === '\r' && from === text.length;
      this.line(line);
    }
    if (from < text.length) this.partial.push(text.slice(from));
  }

  private line(line: string): void {
    if (line === '') {
      this.dispatch();
      return;
    }
    this.block.lines.push(line);
    const colon = line.indexOf(':');
    if (colon === 0) {
      this.emit({ kind: 'comment', text: line.slice(1) });
      return;
    }
    const field = colon < 0 ? line : line.slice(0, colon);
    const rest = colon < 0 ? '' : line.slice(colon + 1);
    this.field(field, rest.startsWith(' ') ? rest.slice(1) : rest);
  }

  private field(field: string, value: string): void {
    if (field === 'event') this.block.event = value;
    else if (field === 'data') this.block.data.push(value);
    else if (field === 'id' && !value.includes('\0')) this.block.id = value;
    else if (field === 'retry' && /^[0-9]+$/.test(value)) this.block.retryMs = Number(value);
  }

  private dispatch(): void {
    const { id, event, data, retryMs, lines } = this.block;
    this.block = newBlock();
    if (id !== null) this.lastEventId = id;
    if (data.length === 0) {
      if (id !== null || event !== null || retryMs !== null)
        this.emit({ kind: 'silent', id, retryMs, lines });
      return;
    }
    this.emit({
      kind: 'frame',
      id,
      lastEventId: this.lastEventId,
      event: event || 'message',
      named: event !== null,
      data: data.join('\n'),
      retryMs,
      lines,
    });
  }
}

interface Block {
  id: string | null;
  event: string | null;
  data: string[];
  retryMs: number | null;
  lines: string[];
}

function newBlock(): Block {
  return { id: null, event: null, data: [], retryMs: null, lines: [] };
}
