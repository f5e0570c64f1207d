import type { RecordedEvent, TerminalStatus } from '../../events/index.js';
import type { EventMapper, Frame, Loss } from '../mapping/event-mapper.js';
import { errorText, lossText, textOf, typeOf } from '../mapping/values.js';

/** Events that hold parts as LangGraph has them: `{ event, data }`. */
export const LANGGRAPH_PART = 'langgraph.part';

type Part = [name: string, data: unknown];

/** What can be a name in a frame. */
const NAME = /^[\w|:.-]+$/;

/**
 * A run as LangGraph's stream parts. Each event is one part with the event's id, whatever came before it, so that a
 * client may come back with any of them.
 */
export class StreamPartMapper implements EventMapper {
  event(event: RecordedEvent, ends: TerminalStatus | undefined): Frame[] {
    const [name, data] = partOf(event, ends);
    return [{ name, data: JSON.stringify(data), id: event.id }];
  }

  lost(loss: Loss, cursor: string): Frame[] {
    return [
      { name: 'error', data: JSON.stringify({ error: 'EventsLost', message: lossText(loss) }), id: cursor },
    ];
  }
}

/** The state that a run ended with. */
export function valuesOf(result: unknown): unknown {
  return typeof result === 'object' && result !== null ? result : { result: result ?? null };
}

function partOf(event: RecordedEvent, ends: TerminalStatus | undefined): Part {
  const { data, run_id } = event;
  switch (ends) {
    case 'completed':
      return ['values', valuesOf(data['result'])];
    case 'failed':
      return ['error', { error: 'RunFailed', message: errorText(data['error']) }];
    case 'cancelled':
      return [
        'error',
        { error: 'UserInterrupt', message: textOf(data['reason']) || 'The run was cancelled.' },
      ];
    default:
  }
  switch (typeOf(event)) {
    case 'lifecycle.started':
      return event.source ? ['custom', event] : ['metadata', { run_id }];
    case 'llm.stream':
      return message(event, aiChunk(run_id, textOf(data['content'])));
    case 'llm.reasoning':
      return message(event, {
        ...aiChunk(run_id, ''),
        additional_kwargs: { reasoning_content: textOf(data['content']) },
      });
    case 'llm.tool_call':
      return message(event, { ...aiChunk(run_id, ''), tool_call_chunks: [toolCallChunk(event)] });
    case 'llm.tool_result':
      return message(event, {
        type: 'tool',
        id: event.id,
        name: textOf(data['tool_name']),
        tool_call_id: textOf(data['tool_call_id']),
        content: textOf(data['result']),
      });
    case LANGGRAPH_PART: {
      const name = data['event'];
      if (typeof name === 'string' && NAME.test(name) && 'data' in data) return [name, data['data']];
    }
  }
  return ['custom', event];
}

/** As with the stream mode `messages-tuple`. */
function message({ source }: RecordedEvent, said: object): Part {
  return ['messages', [said, { langgraph_node: source?.agent_id ?? 'agent' }]];
}

function aiChunk(id: string, content: string): object {
  return { type: 'AIMessageChunk', id, content };
}

function toolCallChunk({ data, sequence }: RecordedEvent): object {
  return {
    type: 'tool_call_chunk',
    id: textOf(data['tool_call_id']) || `call_${sequence}`,
    name: textOf(data['tool_name']),
    args: JSON.stringify(data['arguments'] ?? {}),
    // Chunks of one index are put together: no two calls have the same.
    index: sequence,
  };
}
