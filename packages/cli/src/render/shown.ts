import { withColours, withoutControls } from './clean.js';

const STYLES = {
  bold: 1,
  dim: 2,
  red: 31,
  green: 32,
  yellow: 33,
  cyan: 36,
} as const;

export type Style = keyof typeof STYLES;
export type Showable = string | number | Shown;

/**
 * Text that is fit for a terminal. Nothing else can be printed, so no field of a run, an event or an error gets to a
 * terminal without having been cleaned.
 */
export class Shown {
  static readonly empty = new Shown('', 0);

  private constructor(
    readonly text: string,
    /** In characters on the screen, as far as each takes one. */
    readonly width: number,
  ) {}

  /** On one line: line feeds are written as `\n`, tabs as spaces. */
  static line(text: string): Shown {
    return Shown.of(withoutControls(text).replaceAll('\n', '\\n').replaceAll('\t', ' '));
  }

  /** With its line feeds and tabs. */
  static lines(text: string): Shown {
    return Shown.of(withoutControls(text));
  }

  /** On one line, in the colours that it brings: for the output of programs. */
  static log(text: string): Shown {
    return new Shown(withColours(text).replaceAll('\n', '\\n'), text.length);
  }

  static join(parts: readonly Shown[], separator: string): Shown {
    const gaps = Math.max(parts.length - 1, 0) * separator.length;
    const width = parts.reduce((sum, part) => sum + part.width, gaps);
    return new Shown(parts.map(({ text }) => text).join(separator), width);
  }

  /** What stands between the values is the program's own, and stays as it is. */
  static template(own: readonly string[], values: readonly Showable[]): Shown {
    const parts = own.flatMap((text, n) => {
      const value = values[n];
      return value === undefined ? [Shown.of(text)] : [Shown.of(text), toShown(value)];
    });
    return Shown.join(parts, '');
  }

  in(style: Style): Shown {
    return new Shown(`\u001b[${STYLES[style]}m${this.text}\u001b[0m`, this.width);
  }

  padEnd(width: number): Shown {
    const missing = Math.max(width - this.width, 0);
    return new Shown(this.text + ' '.repeat(missing), this.width + missing);
  }

  private static of(text: string): Shown {
    return new Shown(text, Array.from(text).length);
  }
}

/** `` shown`run ${id}` ``: each value is cleaned. */
export function shown(own: TemplateStringsArray, ...values: Showable[]): Shown {
  return Shown.template(own, values);
}

export function toShown(value: Showable): Shown {
  if (value instanceof Shown) return value;
  return Shown.line(String(value));
}

/** On one line, and cut where it is too long. */
export function cut(text: string, maxCharacters: number): Shown {
  // What is cut away is not looked at: it may be a megabyte.
  const start = Shown.line(text.slice(0, 4 * maxCharacters));
  const characters = Array.from(start.text);
  if (characters.length <= maxCharacters && text.length <= 4 * maxCharacters) return start;
  return Shown.line(`${characters.slice(0, maxCharacters - 1).join('')}…`);
}
