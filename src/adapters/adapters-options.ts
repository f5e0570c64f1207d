import { checkOptions, type OptionRule } from '../common/index.js';
import { type AdapterName, type AdaptersConfig, ConfigError } from '../config/index.js';

/** Where the routes of an adapter are. */
interface AtPrefix {
  /** Path that they begin with. */
  prefix?: string;
}

/** What starts runs. */
interface Starts {
  /** Whose runs they are. Default: `external`, whose events somebody appends. */
  executor?: string;
}

/**
 * Which clients of other ecosystems are served. An adapter that is not named is off; `{}` has its defaults.
 *
 * @publicApi
 */
export interface AdaptersOptions {
  /** `useChat` of the AI SDK: start, resume, stop. Its prefix is `/api/chat` by default. */
  aiSdk?: AtPrefix & Starts;
  /** `runs.joinStream()`, `join()`, `get()` and `cancel()` of LangGraph's SDK. Its prefix is empty by default. */
  langGraph?: AtPrefix;
  /** `responses.retrieve()` and `cancel()` of OpenAI's SDK. Its prefix is `/v1` by default. */
  openAi?: AtPrefix;
  /** The reading side of Durable Streams: each run is a stream. Its prefix is `/streams` by default. */
  durableStreams?: AtPrefix;
  /** Agents of AG-UI, as CopilotKit runs them. Its prefix is `/ag-ui` by default. */
  agUi?: AtPrefix & Starts;
}

const OPTION_OF: Readonly<Record<AdapterName, keyof AdaptersOptions>> = {
  'ai-sdk': 'aiSdk',
  langgraph: 'langGraph',
  openai: 'openAi',
  'durable-streams': 'durableStreams',
  'ag-ui': 'agUi',
};

/** The options of the service, which has names for them. */
export function adaptersByName({ adapters, adaptersExecutor }: AdaptersConfig): AdaptersOptions {
  return Object.fromEntries(
    adapters.map((name) => {
      const option = OPTION_OF[name];
      return [option, Object.hasOwn(RULES[option], 'executor') ? { executor: adaptersExecutor } : {}];
    }),
  );
}

export const ADAPTERS_OPTIONS = Symbol('ADAPTERS_OPTIONS');

const PREFIX = /^(\/[^/?#\s:*{}()]+)*$/;

const prefix: OptionRule = (value) =>
  typeof value === 'string' && PREFIX.test(value)
    ? undefined
    : 'must be a path that begins with a slash and ends without one, or empty';
const executor: OptionRule = (value) =>
  typeof value === 'string' && value !== '' ? undefined : 'must be the name of an executor';

const RULES: Readonly<Record<keyof AdaptersOptions, Readonly<Record<string, OptionRule>>>> = {
  aiSdk: { prefix, executor },
  langGraph: { prefix },
  openAi: { prefix },
  durableStreams: { prefix },
  agUi: { prefix, executor },
};

/** @throws ConfigError with a sentence for each option that is wrong */
export function checkedAdapters(given: AdaptersOptions): AdaptersOptions {
  const anything = Object.fromEntries(Object.keys(RULES).map((name) => [name, () => undefined]));
  const { options, wrong } = checkOptions(given, anything, 'adapters');
  for (const [name, value] of Object.entries(options))
    wrong.push(
      ...checkOptions(value as object, RULES[name as keyof AdaptersOptions], `adapters.${name}`).wrong,
    );
  if (wrong.length > 0) throw new ConfigError(wrong);
  return options;
}
