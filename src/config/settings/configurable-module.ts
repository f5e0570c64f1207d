import { ConfigurableModuleBuilder, type FactoryProvider } from '@nestjs/common';
import { checkedGroup } from './check-options.js';
import type { SettingGroup } from './index.js';

/**
 * `forRoot(options)` and `forRootAsync({ useFactory | useClass | useExisting, inject, imports })` for a module, and the
 * provider of its options, which are checked however they were given.
 *
 * @param token under which the module's own providers find the options
 */
export function configurableModule<Options extends object>(group: SettingGroup, token: symbol) {
  const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<Options>({
    moduleName: group,
  })
    .setClassMethodName('forRoot')
    .build();
  const options: FactoryProvider<Options> = {
    provide: token,
    inject: [MODULE_OPTIONS_TOKEN],
    useFactory: (given: Options) => checkedGroup(group, given),
  };
  return { ConfigurableModule: ConfigurableModuleClass, options };
}
