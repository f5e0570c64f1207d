import type { RecordedEvent } from '../../events/index.js';
import { textOf } from './values.js';

export interface ToolCall {
  id: string;
  name: string;
}

/** Which tool calls of a run have been answered: protocols of others know a result by the id of its call. */
export class ToolCalls {
  private readonly open = new Map<string, ToolCall>();

  /** Of an `llm.tool_call`. One that has no id gets one of its place in the log. */
  called({ data, sequence }: RecordedEvent): ToolCall {
    const call = {
      id: textOf(data['tool_call_id']) || `call_${sequence}`,
      name: textOf(data['tool_name']) || 'tool',
    };
    this.open.set(call.id, call);
    return call;
  }

  /**
   * The call that an `llm.tool_result` answers; without an id the oldest one of its tool. Undefined when there is none:
   * clients refuse a result whose call they have not seen.
   */
  answered({ data }: RecordedEvent): ToolCall | undefined {
    const id = data['tool_call_id'];
    const call =
      typeof id === 'string'
        ? this.open.get(id)
        : [...this.open.values()].find(({ name }) => name === data['tool_name']);
    if (call) this.open.delete(call.id);
    return call;
  }
}
