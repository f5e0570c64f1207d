import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** What a program is given, and what it makes of a run with a client: compared with the log by main.ts. */
export interface Task {
  /** Where the service is, over a line that breaks. */
  url: string;
  /** The run's, for those that start none themselves. */
  runId: string;
  /** The run's key. */
  key: string;
}
export interface Outcome {
  /** Ids of the events, if the client has them. */
  ids?: string[];
  /** The text that the run said, if the client puts it together. */
  text?: string;
  /** How often the program had to begin again by itself. */
  again: number;
}
export type Program = (task: Task) => Promise<Outcome>;

const PAUSE_MS = 200;

interface Part {
  type: string;
  text?: string;
}
interface Message {
  id: string;
  role: string;
  parts: Part[];
}
interface ChatClass {
  new (options: object): {
    status: string;
    messages: Message[];
    sendMessage(message: object): Promise<void>;
    resumeStream(): Promise<void>;
  };
}
interface Ai {
  AbstractChat: ChatClass;
  DefaultChatTransport: new (options: object) => object;
}

/** The chat of useChat, without React around it: it comes back until it has a message that is whole. */
const useChat =
  (ai: Ai): Program =>
  async ({ url, key }) => {
    const api = `${url}/api/chat`;
    const state = {
      status: 'ready',
      error: undefined,
      messages: [] as Message[],
      pushMessage: (message: Message) => void (state.messages = [...state.messages, message]),
      popMessage: () => void (state.messages = state.messages.slice(0, -1)),
      replaceMessage: (index: number, message: Message) =>
        void (state.messages = state.messages.map((one, i) =>
          i === index ? structuredClone(message) : one,
        )),
      snapshot: <T>(value: T) => structuredClone(value),
    };
    const chat = new ai.AbstractChat({
      id: key,
      state,
      transport: new ai.DefaultChatTransport({
        api,
        prepareReconnectToStreamRequest: () => ({ api: `${api}/${key}/stream?ended=replay` }),
      }),
    });
    await chat.sendMessage({ text: 'Go on.' });
    let again = 0;
    for (; chat.status === 'error'; again++) {
      await delay(PAUSE_MS);
      await chat.resumeStream();
    }
    const answers = state.messages.filter(({ role }) => role === 'assistant');
    if (answers.length !== 1) throw new Error(`${answers.length} messages of the assistant`);
    const texts = answers.flatMap(({ parts }) =>
      parts.flatMap(({ type, text = '' }) => (type === 'text' ? text : [])),
    );
    return { text: texts.join(''), again };
  };

interface LangGraph {
  Client: new (options: object) => {
    runs: { joinStream(thread: string, run: string, options: object): AsyncIterable<{ id?: string }> };
  };
}
const joinStream =
  ({ Client }: LangGraph): Program =>
  async ({ url, runId, key }) => {
    const ids: string[] = [];
    const { runs } = new Client({ apiUrl: url });
    for await (const { id } of runs.joinStream(key, runId, { lastEventId: '-1' })) ids.push(id ?? '');
    return { ids, again: 0 };
  };

interface OpenAi {
  OpenAI: new (options: object) => {
    responses: {
      retrieve(id: string, query: object): Promise<AsyncIterable<ResponseEvent>>;
      stream(params: object): { finalResponse(): Promise<{ output_text: string }> };
    };
  };
}
interface ResponseEvent {
  type: string;
  delta?: string;
  sequence_number: number;
}
const retrieve =
  ({ OpenAI }: OpenAi): Program =>
  async ({ url, runId }) => {
    const { responses } = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none' });
    let text = '';
    let last: number | undefined;
    for (let again = 0; ; again++) {
      try {
        const query = { stream: true, ...(last !== undefined && { starting_after: last }) };
        for await (const event of await responses.retrieve(runId, query)) {
          if (last !== undefined && event.sequence_number <= last)
            throw new RangeError('a number came twice');
          last = event.sequence_number;
          if (event.type === 'response.output_text.delta') text += event.delta ?? '';
          if (event.type === 'response.completed')
            return { text: await whole(responses, runId, text), again };
        }
      } catch (error) {
        if (error instanceof RangeError) throw error;
      }
      await delay(PAUSE_MS);
    }
  };

/** The same text as the SDK's own helper puts it together. */
async function whole(
  responses: InstanceType<OpenAi['OpenAI']>['responses'],
  runId: string,
  text: string,
): Promise<string> {
  const { output_text } = await responses.stream({ response_id: runId }).finalResponse();
  return output_text === text ? text : `${text} is not ${output_text}`;
}

interface DurableStreams {
  stream: (options: object) => Promise<{
    offset: string;
    subscribeJson(take: (batch: { items: { id: string }[]; offset: string }) => void): void;
    closed: Promise<void>;
  }>;
}
const follow =
  ({ stream }: DurableStreams, live: 'long-poll' | 'sse'): Program =>
  async ({ url, runId }) => {
    const ids: string[] = [];
    let offset = '-1';
    for (let again = 0; ; again++) {
      try {
        const response = await stream({
          url: `${url}/streams/${runId}`,
          offset,
          live,
          json: true,
          warnOnHttp: false,
        });
        response.subscribeJson((batch) => {
          ids.push(...batch.items.map(({ id }) => id));
          ({ offset } = batch);
        });
        await response.closed;
        return { ids, again };
      } catch {
        await delay(PAUSE_MS);
      }
    }
  };

interface AgUi {
  HttpAgent: new (options: object) => {
    messages: { role: string; content?: string }[];
    runAgent(options: object): Promise<unknown>;
  };
}
const runAgent =
  ({ HttpAgent }: AgUi): Program =>
  async ({ url, key }) => {
    for (let again = 0; ; again++) {
      const initialMessages = [{ id: 'u1', role: 'user', content: 'Go on.' }];
      const agent = new HttpAgent({ url: `${url}/ag-ui`, threadId: key, initialMessages });
      try {
        await agent.runAgent({ runId: `${key}-run` });
        const said = agent.messages.filter(({ role }) => role === 'assistant');
        return { text: said.map(({ content = '' }) => content).join(''), again };
      } catch {
        await delay(PAUSE_MS);
      }
    }
  };

/** The programs by the client they use, and whether that starts the run. */
export function programsIn(folder: string): Record<string, { program: Program; starts?: boolean }> {
  const load = createRequire(join(folder, 'package.json')) as <T>(name: string) => T;
  return {
    'ai 6': { program: useChat(load('ai')), starts: true },
    'ai 7': { program: useChat(load('ai7')), starts: true },
    '@langchain/langgraph-sdk': { program: joinStream(load('@langchain/langgraph-sdk')) },
    openai: { program: retrieve(load('openai')) },
    '@durable-streams/client, long-poll': { program: follow(load('@durable-streams/client'), 'long-poll') },
    '@durable-streams/client, sse': { program: follow(load('@durable-streams/client'), 'sse') },
    '@ag-ui/client': { program: runAgent(load('@ag-ui/client')), starts: true },
  };
}
