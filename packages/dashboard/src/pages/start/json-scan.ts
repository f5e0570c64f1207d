const SPACE = /[ \t\n\r]*/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/y;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/** Where a text ceases to be JSON, which browsers tell each in its own way, or not at all. Undefined: it is JSON. */
export function whereJsonEnds(text: string): number | undefined {
  const scan = new Scan(text);
  return scan.value() && scan.at === text.length ? undefined : scan.at;
}

class Scan {
  at = 0;

  constructor(private readonly text: string) {}

  /** @returns whether there was one, with the space around it */
  value(): boolean {
    this.takes(SPACE);
    const first = this.text[this.at];
    const isOne =
      first === '{' || first === '['
        ? this.members(first === '{' ? '}' : ']', first === '{')
        : this.takes(STRING) || this.takes(SCALAR);
    if (isOne) this.takes(SPACE);
    return isOne;
  }

  private members(close: string, haveNames: boolean): boolean {
    this.at++;
    this.takes(SPACE);
    if (this.is(close)) return true;
    do {
      this.takes(SPACE);
      if (haveNames && !(this.takes(STRING) && this.takes(SPACE) && this.is(':'))) return false;
      if (!this.value()) return false;
    } while (this.is(','));
    return this.is(close);
  }

  private is(character: string): boolean {
    if (this.text[this.at] !== character) return false;
    this.at++;
    return true;
  }

  private takes(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    if (!pattern.test(this.text)) return false;
    this.at = pattern.lastIndex;
    return true;
  }
}
