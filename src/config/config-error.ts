/**
 * The environment, or the options given in code, describe nothing that may start. One sentence for each mistake.
 *
 * @publicApi
 */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`The configuration is not usable:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}
