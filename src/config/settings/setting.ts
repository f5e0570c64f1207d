import { oneOf, type OptionRule, truth } from '../../common/index.js';

/** One thing that can be set: in code, and most of them by an environment variable too. */
export interface Setting<Value = unknown> {
  /** The environment variable; absent for what is set in code only. */
  readonly env?: string;
  readonly kind: 'integer' | 'flag' | 'text' | 'list' | 'choice' | 'object';
  /** Undefined: none. */
  readonly default: Value;
  /** Of integers. */
  readonly min?: number;
  readonly max?: number;
  readonly unit?: string;
  /** Whether its value stays out of messages: it may hold a password. */
  readonly isSecret?: boolean;
  /** One sentence or two, for the table in the docs. */
  readonly doc: string;
  /** Gives what it must be, if a value is not that. */
  readonly check: OptionRule;
}

type Described<Value> = Omit<Setting<Value>, 'kind' | 'check' | 'default'> & { default: Value };

/** Ten years: what is longer is a mistake in the unit. */
export const LONGEST_SECONDS = 10 * 365 * 86_400;
/** Node's timers take no more. */
export const LONGEST_MS = 2 ** 31 - 1;
const LARGEST_COUNT = 2 ** 40;

export interface IntegerSetting<Value = number> extends Setting<Value> {
  readonly kind: 'integer';
  readonly min: number;
  readonly max: number;
  readonly unit: string;
}

/** What a whole number may be: `a whole number of bytes from 1024 up`. */
export function rangeText({ unit, min, max }: { unit: string; min: number; max: number }): string {
  const what = unit === 'port' ? 'a TCP port' : `a whole number of ${unit}`;
  return `${what} from ${min} ${max === LARGEST_COUNT ? 'up' : `to ${max}`}`;
}

/** A whole number; without `max` any up to what makes sense in its unit. */
export function integer<Value extends number | undefined = number>({
  max,
  ...rest
}: Described<Value> & { min: number; unit: string }): IntegerSetting<Value> {
  const most = max ?? { milliseconds: LONGEST_MS, seconds: LONGEST_SECONDS }[rest.unit] ?? LARGEST_COUNT;
  const check: OptionRule = (value) =>
    Number.isInteger(value) && Number(value) >= rest.min && Number(value) <= most
      ? undefined
      : `must be ${rangeText({ unit: rest.unit, min: rest.min, max: most })}`;
  return { ...rest, max: most, kind: 'integer', check };
}

export function flag(described: Described<boolean>): Setting<boolean> {
  return { ...described, kind: 'flag', check: truth };
}

/** A text that is not empty. */
export function text<Value extends string | undefined>(
  described: Described<Value>,
  isGood: (value: string) => boolean = () => true,
  rule = 'a text that is not empty',
): Setting<Value> {
  const check: OptionRule = (value) =>
    typeof value === 'string' && value !== '' && isGood(value) ? undefined : `must be ${rule}`;
  return { ...described, kind: 'text', check };
}

export function choice<Value extends string>(
  described: Described<Value>,
  values: readonly Value[],
): Setting<Value> {
  return { ...described, kind: 'choice', check: oneOf(...values) };
}

/** A list of texts, each of which is good; or, besides, one of some words that stand for a list. */
export function list<Value>(
  described: Described<Value>,
  isItem: (item: string) => boolean,
  rule: string,
  words: readonly string[] = [],
): Setting<Value> {
  const check: OptionRule = (value) => {
    const isList =
      Array.isArray(value) && value.every((item: unknown) => typeof item === 'string' && isItem(item));
    return isList || words.some((word) => word === value) ? undefined : `must be ${rule}`;
  };
  return { ...described, kind: 'list', check };
}

/** What only code can give: a function, an object, a class. */
export function object(
  described: Omit<Described<undefined>, 'default'>,
  isGood: (value: unknown) => boolean,
  rule: string,
): Setting<undefined> {
  const check: OptionRule = (value) => (isGood(value) ? undefined : `must be ${rule}`);
  return { ...described, default: undefined, kind: 'object', check };
}
