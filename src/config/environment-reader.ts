import { readInteger } from '../common/index.js';
import { type IntegerSetting, rangeText } from './settings/setting.js';

/** A whole number, and what it counts. */
type IntegerRange<Default> = Pick<IntegerSetting<Default>, 'default' | 'min' | 'max' | 'unit'>;

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

  /** The variable of a setting. */
  number<Default extends number | undefined>(setting: IntegerSetting<Default>): number | Default {
    return this.integer(setting.env ?? '', setting);
  }

  integer<Default extends number | undefined>(
    name: string,
    { default: value, min, max, unit }: IntegerRange<Default>,
  ): number | Default {
    const text = this.text(name);
    if (text === undefined) return value;
    const read = readInteger(text, min, max);
    if (read === undefined) this.refuse(name, rangeText({ unit, min, max }));
    return read ?? value;
  }

  /** @param otherwise what an unset one is */
  flag(name: string, otherwise = false): boolean {
    const text = this.text(name)?.toLowerCase();
    if (text === undefined) return otherwise;
    if (text === 'false') return false;
    if (text !== 'true') this.refuse(name, 'true or false');
    return text === 'true';
  }

  matching(name: string, isGood: (text: string) => boolean, allowed: string): string | undefined {
    const text = this.text(name);
    if (text !== undefined && !isGood(text)) this.refuse(name, allowed);
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
