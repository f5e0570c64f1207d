import { valueText } from './describe-error.js';

/** What an option may be. Each gives undefined, or what it must be: `a whole number from 1 to 1000`. */
export type OptionRule = (value: unknown) => string | undefined;

/** Options by name: every name that there is has a rule. */
export type OptionRules = Readonly<Record<string, OptionRule>>;

export function wholeNumber(least: number, most: number): OptionRule {
  return (value) =>
    Number.isInteger(value) && Number(value) >= least && Number(value) <= most
      ? undefined
      : `must be a whole number of at least ${least} and at most ${most}`;
}

export function oneOf(...values: readonly string[]): OptionRule {
  const shown = values.map((value) => `'${value}'`).join(' or ');
  return (value) => (values.some((one) => one === value) ? undefined : `must be ${shown}`);
}

export function truth(value: unknown): string | undefined {
  return typeof value === 'boolean' ? undefined : 'must be true or false';
}

export function anyText(value: unknown): string | undefined {
  return typeof value === 'string' ? undefined : 'must be a text';
}

/**
 * Options as they were given, without those that are undefined: these count as not given.
 *
 * @param called whose options they are, for the error
 * @param within the option that holds these: `backoff`
 * @returns one sentence for each wrong option, with the options that are left
 */
export function checkOptions<Options extends object>(
  given: Options,
  rules: OptionRules,
  within = '',
): { options: Options; wrong: string[] } {
  const at = within === '' ? '' : `${within}.`;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    return { options: {} as Options, wrong: [`${within || 'options'} must be an object.`] };
  }
  const wrong: string[] = [];
  const options = Object.fromEntries(
    Object.entries(given).filter(([name, value]) => {
      if (value === undefined) return false;
      if (!Object.hasOwn(rules, name)) {
        wrong.push(`There is no option "${at}${name}": there are ${Object.keys(rules).join(', ')}.`);
        return false;
      }
      const must = rules[name]?.(value);
      if (must !== undefined) wrong.push(`${at}${name} ${must}; it is ${valueText(value)}.`);
      return true;
    }),
  ) as Options;
  return { options, wrong };
}

/** @throws Error with a sentence for each wrong option */
export function refuseWrong(called: string, wrong: readonly string[]): void {
  if (wrong.length > 0) throw new Error(`${called}: ${wrong.join('\n')}`);
}
