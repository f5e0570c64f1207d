import { Controller, type DynamicModule, Module, type Type } from '@nestjs/common';
import { EventStoreModule } from '../event-store/index.js';
import { ADAPTERS_OPTIONS, type AdaptersOptions, checkedAdapters } from './adapters-options.js';
import { AgUiController } from './ag-ui/ag-ui.controller.js';
import { AGUI_EVENT } from './ag-ui/agent-event.mapper.js';
import { AiSdkController } from './ai-sdk/ai-sdk.controller.js';
import { AI_CHUNK } from './ai-sdk/ui-message.mapper.js';
import { ChatRuns } from './chat-runs.js';
import { DurableStreamsController } from './durable-streams/durable-streams.controller.js';
import { StreamPages } from './durable-streams/stream-pages.js';
import { LangGraphController } from './langgraph/langgraph.controller.js';
import { LANGGRAPH_PART } from './langgraph/stream-part.mapper.js';
import { OpenAiController } from './openai/openai.controller.js';
import { OPENAI_EVENT } from './openai/response.mapper.js';

interface Adapter {
  prefix: string;
  controller: Type;
  /** Events whose data is the ecosystem's own, and is passed on as it is. Default: there are none. */
  verbatim?: string;
}

const ADAPTERS: Readonly<Record<keyof AdaptersOptions, Adapter>> = {
  aiSdk: { prefix: '/api/chat', controller: AiSdkController, verbatim: AI_CHUNK },
  langGraph: { prefix: '', controller: LangGraphController, verbatim: LANGGRAPH_PART },
  openAi: { prefix: '/v1', controller: OpenAiController, verbatim: OPENAI_EVENT },
  durableStreams: { prefix: '/streams', controller: DurableStreamsController },
  agUi: { prefix: '/ag-ui', controller: AgUiController, verbatim: AGUI_EVENT },
};

/**
 * Clients of other ecosystems, served from the log of runs (docs/adapters.md): each adapter that is named has its routes.
 * It needs RunstreamModule at the root.
 *
 * ```ts
 * imports: [RunstreamModule.forRoot({ … }), AdaptersModule.forRoot({ aiSdk: { executor: 'chat' } })]
 * ```
 *
 * @publicApi
 */
@Module({})
export class AdaptersModule {
  /** @throws ConfigError for options that are wrong */
  static forRoot(given: AdaptersOptions): DynamicModule {
    const options = checkedAdapters(given);
    const named = Object.keys(options) as (keyof AdaptersOptions)[];
    return {
      module: AdaptersModule,
      imports: [
        EventStoreModule.forFeature({ types: named.flatMap((name) => ADAPTERS[name].verbatim ?? []) }),
      ],
      controllers: named.map((name) =>
        at(options[name]?.prefix ?? ADAPTERS[name].prefix, ADAPTERS[name].controller),
      ),
      providers: [{ provide: ADAPTERS_OPTIONS, useValue: options }, ChatRuns, StreamPages],
    };
  }
}

/** The routes of a controller under a path that is known only now. */
function at(prefix: string, Base: Type): Type {
  class AtPrefix extends (Base as Type<object>) {}
  Object.defineProperty(AtPrefix, 'name', { value: Base.name });
  Controller(prefix)(AtPrefix);
  return AtPrefix;
}
