import { StringDecoder } from 'node:string_decoder';

/** A line of output, without its end. */
export interface OutputLine {
  line: string;
  /** Set on every piece but the last of a line that was too long for one event. */
  continued?: true;
}

/** A longer line is cut into pieces of at most so many characters. */
export const MAX_LINE_LENGTH = 65_536;

/** Cuts a stream of bytes into lines; a character whose bytes come apart stays whole. */
export class LineSplitter {
  private readonly decoder = new StringDecoder('utf8');
  private rest = '';

  *push(chunk: Buffer): Generator<OutputLine> {
    const text = this.rest + this.decoder.write(chunk);
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      yield* lineOf(text.slice(start, end));
      start = end + 1;
    }
    this.rest = text.slice(start);
    // A trailing `\r` is not cut off: it may be the first half of a line's end.
    while (this.rest.length > MAX_LINE_LENGTH + 1) {
      const cut = cutAt(this.rest);
      yield { line: this.rest.slice(0, cut), continued: true };
      this.rest = this.rest.slice(cut);
    }
  }

  /** What came after the last line's end. */
  *end(): Generator<OutputLine> {
    const text = this.rest + this.decoder.end();
    this.rest = '';
    if (text !== '') yield* lineOf(text);
  }
}

function* lineOf(text: string): Generator<OutputLine> {
  let rest = text.endsWith('\r') ? text.slice(0, -1) : text;
  while (rest.length > MAX_LINE_LENGTH) {
    const cut = cutAt(rest);
    yield { line: rest.slice(0, cut), continued: true };
    rest = rest.slice(cut);
  }
  yield { line: rest };
}

/** Never between the two halves of a surrogate pair. */
function cutAt(text: string): number {
  const last = text.charCodeAt(MAX_LINE_LENGTH - 1);
  return last >= 0xd800 && last <= 0xdbff ? MAX_LINE_LENGTH - 1 : MAX_LINE_LENGTH;
}
