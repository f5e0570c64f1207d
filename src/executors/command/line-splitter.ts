import { StringDecoder } from 'node:string_decoder';

/** A line of output, without its end. */
export interface OutputLine {
  line: string;
  /** Set on every piece but the last of a line that was too long for one event. */
  continued?: true;
}

/** A longer line is cut into pieces of at most so many characters. */
export const MAX_LINE_LENGTH = 65_536;

const LINE_END = /[\r\n]/g;

/**
 * Cuts a stream of bytes into lines; a character whose bytes come apart stays whole. A carriage return ends a line
 * too, since that is how progress is shown; one that has nothing before it says nothing.
 */
export class LineSplitter {
  private readonly decoder = new StringDecoder('utf8');
  private rest = '';
  /** What came last was a carriage return, maybe the first half of `\r\n`: behind a line, or behind nothing. */
  private afterReturn: 'line' | 'nothing' | undefined;

  *push(chunk: Buffer): Generator<OutputLine> {
    const text = this.rest + this.decoder.write(chunk);
    if (text === '') return;
    let start = 0;
    if (this.afterReturn && text.startsWith('\n')) {
      if (this.afterReturn === 'nothing') yield { line: '' };
      start = 1;
    }
    this.afterReturn = undefined;
    for (let end = lineEnd(text, start); end >= 0; end = lineEnd(text, start)) {
      const line = text.slice(start, end);
      const isReturn = text[end] === '\r';
      const isPair = isReturn && text[end + 1] === '\n';
      start = isPair ? end + 2 : end + 1;
      if (line !== '' || !isReturn || isPair) yield* lineOf(line);
      if (isReturn && start === text.length && !isPair) this.afterReturn = line === '' ? 'nothing' : 'line';
    }
    this.rest = text.slice(start);
    while (this.rest.length > MAX_LINE_LENGTH) {
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

function lineEnd(text: string, from: number): number {
  LINE_END.lastIndex = from;
  return LINE_END.exec(text)?.index ?? -1;
}

function* lineOf(text: string): Generator<OutputLine> {
  let rest = text;
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
