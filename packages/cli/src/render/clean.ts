/**
 * Escape sequences of terminals, whole: CSI, OSC, DCS and their like, and those of two characters. No part of it can
 * run over another one's beginning, so it takes time in proportion to the text.
 */
const ESCAPE =
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b\]|\u009d)[^\u0007\u001b\u0080-\u009f]*(?:\u0007|\u001b\\|\u009c)|(?:\u001b[PX^_]|[\u0090\u0098\u009e\u009f])[^\u001b\u0080-\u009f]*(?:\u001b\\|\u009c)|\u001b[ -/]*[0-~]/g;
/** All but the line feed and the tab. */
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
/** They turn text around, or end a line where there is none. */
const TURNING = /[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
const BEYOND_ASCII = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

const SGR = /^\u001b\[[\d;:]{0,32}m$/;
const LONG_COLOUR = /[34]8[;:](?:5[;:]\d*|2(?:[;:]\d*){3})/g;
/** Slow and fast blinking, and text that nobody sees. */
const UNWANTED_STYLE = /(?:^|[;:])0*[568](?:[;:]|$)/;

/** Text in which nothing is left that a terminal obeys. Line feeds and tabs stay. */
export function withoutControls(text: string): string {
  return withoutEscapes(text, () => false);
}

/** The same, but for the colours and styles that it brings. */
export function withColours(text: string): string {
  let isColoured = false;
  const cleaned = withoutEscapes(text, (sequence) => {
    const isColour =
      SGR.test(sequence) && !UNWANTED_STYLE.test(sequence.slice(2, -1).replace(LONG_COLOUR, '0'));
    isColoured ||= isColour;
    return isColour;
  });
  return isColoured ? `${cleaned}\u001b[0m` : cleaned;
}

export function withoutColours(text: string): string {
  return text.replaceAll(ESCAPE, '');
}

/** JSON on one line, as the same value, with what a terminal obeys written as escapes. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replaceAll(BEYOND_ASCII, escaped);
}

function withoutEscapes(text: string, isKept: (sequence: string) => boolean): string {
  let cleaned = '';
  let at = 0;
  for (const { 0: sequence, index } of text.matchAll(ESCAPE)) {
    cleaned += withoutCharacters(text.slice(at, index));
    if (isKept(sequence)) cleaned += sequence;
    at = index + sequence.length;
  }
  return cleaned + withoutCharacters(text.slice(at));
}

function withoutCharacters(text: string): string {
  return text.replaceAll(CONTROL, '').replaceAll(TURNING, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
