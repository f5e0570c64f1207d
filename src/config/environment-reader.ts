import { readInteger } from '../common/index.js';

export interface IntegerRange {
  default: number;
  min: number;
  max?: number;
  /** What the number is: `a whole number of seconds`. */
  what: string;
}

/**
 * Reads variables one at a time and collects what is wrong, so that one start names every mistake.
 * Unset and empty are the same: the default.
 */
export class EnvironmentReader {
  readonly problems: string[] = [];

  constructor(private readonly env: NodeJS.ProcessEnv) {}

  text(name: string): string | undefined {
    const value = this.env[name]?.trim();
    return value === '' ? undefined : value;
  }

  integer(name: string, range: IntegerRange): number {
    return this.optionalInteger(name, range) ?? range.default;
  }

  optionalInteger(name: string, range: Omit<IntegerRange, 'default'>): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = readInteger(text, range.min, range.max);
    if (value !== undefined) return value;
    const allowed = range.max === undefined ? `from ${range.min} up` : `from ${range.min} to ${range.max}`;
    this.refuse(name, `${range.what} ${allowed}`);
    return undefined;
  }

  flag(name: string): boolean {
    const text = this.text(name)?.toLowerCase();
    if (text === undefined || text === 'false') return false;
    if (text !== 'true') this.refuse(name, 'true or false');
    return text === 'true';
  }

  matching(name: string, pattern: RegExp, allowed: string): string | undefined {
    const text = this.text(name);
    if (text !== undefined && !pattern.test(text)) this.refuse(name, allowed);
    return text;
  }

  /** A comma-separated list; spaces around the items do not count. */
  list(name: string, isItem: (item: string) => boolean, allowed: string): string[] | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const items = [...new Set(text.split(',').map((item) => item.trim()))];
    if (!items.every(isItem)) this.refuse(name, allowed);
    return items;
  }

  oneOf<Value extends string>(name: string, values: readonly Value[]): Value | undefined {
    const text = this.text(name);
    const value = values.find((one) => one === text);
    if (text !== undefined && value === undefined) this.refuse(name, `one of ${values.join(', ')}`);
    return value;
  }

  refuse(name: string, allowed: string): void {
    this.problems.push(`${name} is ${JSON.stringify(this.text(name))}: set it to ${allowed}.`);
  }
}
