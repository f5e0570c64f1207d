import { admission, auth, http, metrics, tenancy } from './edge.settings.js';
import { limits } from './limits.settings.js';
import type { Setting } from './setting.js';
import { events, redis } from './storage.settings.js';
import { consumer, executors, runs } from './work.settings.js';

/**
 * Everything that can be set in code, by the option of RunstreamModule that holds it. The environment, the modules'
 * defaults, the checks of options and the table in docs/configuration.md come from here.
 */
export const SETTINGS = {
  redis,
  events,
  runs,
  executors,
  http,
  admission,
  limits,
  consumer,
  metrics,
  auth,
  tenancy,
} as const;

export type SettingGroup = keyof typeof SETTINGS;

type Defaults<Group> = {
  [
    Name in keyof Group as Group[Name] extends Setting<infer Value>
      ? undefined extends Value
        ? never
        : Name
      : never
  ]: Group[Name] extends Setting<infer Value> ? Value : never;
};

/** The defaults of a group, without what has none. */
export function defaultsOf<Group extends SettingGroup>(group: Group): Defaults<(typeof SETTINGS)[Group]> {
  const entries = Object.entries(SETTINGS[group] as Readonly<Record<string, Setting>>);
  return Object.fromEntries(
    entries.flatMap(([name, setting]) => (setting.default === undefined ? [] : [[name, setting.default]])),
  ) as Defaults<(typeof SETTINGS)[Group]>;
}
