import { checkOptions, type OptionRules } from '../../common/index.js';
import { type SettingGroup, SETTINGS } from './index.js';
import { ConfigError } from '../config-error.js';
import type { Setting } from './setting.js';

/**
 * What is wrong with the options of one group, with one sentence each: kinds, ranges, names that there are not.
 *
 * @returns the options without those that are undefined
 */
export function checkGroup<Options extends object>(
  group: SettingGroup,
  given: Options,
): { options: Options; wrong: string[] } {
  const settings = Object.entries(SETTINGS[group] as Readonly<Record<string, Setting>>);
  const rules: OptionRules = Object.fromEntries(
    settings.map(([name, { check, isSecret = false }]) => [name, isSecret ? anything : check]),
  );
  const { options, wrong } = checkOptions(given, rules, group);
  const secrets = settings.flatMap(([name, { check, isSecret = false }]) => {
    const value = (options as Readonly<Record<string, unknown>>)[name];
    const must = isSecret && value !== undefined ? check(value) : undefined;
    return must === undefined ? [] : [`${group}.${name} ${must}.`];
  });
  return { options, wrong: [...wrong, ...secrets, ...together(group, options)] };
}

const anything = (): undefined => undefined;

/** What no single option tells. */
function together(group: SettingGroup, options: Readonly<Record<string, unknown>> | object): string[] {
  const given = options as Readonly<Record<string, unknown>>;
  if (group === 'redis') {
    const ways = ['url', 'cluster', 'connect'].filter((name) => given[name] !== undefined);
    const isGood =
      given['options'] === undefined ? ways.length === 1 : ways.length <= 1 && ways[0] !== 'connect';
    return isGood
      ? []
      : [
          'redis: give one of url, cluster, options and connect, so that Redis is found (options may go with the first two).',
        ];
  }
  if (group === 'events') {
    const { ttlSeconds, runTtlSeconds } = { ...SETTINGS_OF_TTL, ...given } as Record<string, number>;
    return Number(runTtlSeconds) < Number(ttlSeconds)
      ? ['events.runTtlSeconds is less than events.ttlSeconds: keep the run at least as long as its events.']
      : [];
  }
  return [];
}

const SETTINGS_OF_TTL = {
  ttlSeconds: SETTINGS.events.ttlSeconds.default,
  runTtlSeconds: SETTINGS.events.runTtlSeconds.default,
};

/** The options of one group. @throws ConfigError */
export function checkedGroup<Options extends object>(group: SettingGroup, given: Options): Options {
  const { options, wrong } = checkGroup(group, given);
  if (wrong.length > 0) throw new ConfigError(wrong);
  return options;
}
