export * from './config-error.js';
export { checkedGroup, checkGroup } from './settings/check-options.js';
export { configurableModule } from './settings/configurable-module.js';
export { defaultsOf, type SettingGroup, SETTINGS } from './settings/index.js';
export type { IntegerSetting, Setting } from './settings/setting.js';
export * from './load-config.js';
export * from './load-env-file.js';
export type * from './runstream-config.js';
export { type AdapterName, LOG_LEVELS, type LogLevel } from './settings/service.settings.js';
