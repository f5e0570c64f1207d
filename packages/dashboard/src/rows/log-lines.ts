import type { ProvisionalEvent, RunEvent } from '@runstream/client';
import Anser from 'anser';
import { visible } from '../parts/text.js';

/** Text in one look. */
export interface Piece {
  text: string;
  /** Classes, as `fg-red bold`; empty for plain text. */
  look: string;
}

export interface Line {
  pieces: readonly Piece[];
  /** In characters, as shown. */
  length: number;
}

const known = new WeakMap<RunEvent | ProvisionalEvent, readonly Line[]>();

/** The lines of a log event, with the colours that a terminal would show. */
export function lines(event: RunEvent | ProvisionalEvent): readonly Line[] {
  let found = known.get(event);
  if (!found) known.set(event, (found = linesOf(textOf(event))));
  return found;
}

/** A part of a line, by columns. */
export function cut({ pieces }: Line, from: number, to: number): Piece[] {
  const part: Piece[] = [];
  let at = 0;
  for (const { text, look } of pieces) {
    const inside = text.slice(Math.max(0, from - at), Math.max(0, to - at));
    if (inside !== '') part.push({ text: inside, look });
    at += text.length;
    if (at >= to) break;
  }
  return part;
}

function textOf({ data }: Pick<RunEvent, 'data'>): string {
  const { line, content, message } = data;
  for (const value of [line, content, message]) if (typeof value === 'string') return value;
  return JSON.stringify(data);
}

/** Colours go on over the ends of lines, so they are read before the text is split. */
function linesOf(text: string): Line[] {
  const rows: Piece[][] = [[]];
  for (const { text: content, look } of looksOf(text.replace(/\r?\n$/, ''))) {
    content.split(/\r?\n/).forEach((part, number) => {
      if (number > 0) rows.push([]);
      if (part !== '') rows.at(-1)?.push({ text: visible(part), look });
    });
  }
  return rows.map((pieces) => ({
    pieces,
    length: pieces.reduce((sum, { text: { length } }) => sum + length, 0),
  }));
}

function looksOf(text: string): Piece[] {
  if (!text.includes('\u001b[')) return [{ text, look: '' }];
  return Anser.ansiToJson(text, { json: true, use_classes: true, remove_empty: true }).map(
    ({ content, fg, bg, decorations }) => ({
      text: content,
      look: [named('fg', fg), named('bg', bg), ...decorations].filter((one) => one !== '').join(' '),
    }),
  );
}

/** Of the sixteen colours that have a name; 256 and more stay plain, since no class could be for each. */
function named(where: string, colour: string | null): string {
  const name = /^ansi-(bright-)?(black|red|green|yellow|blue|magenta|cyan|white)$/.exec(colour ?? '')?.[2];
  return name ? `${where}-${name}` : '';
}
