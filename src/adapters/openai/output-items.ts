import type { RecordedEvent } from '../../events/index.js';
import { ToolCalls } from '../mapping/tool-calls.js';
import { textOf } from '../mapping/values.js';

/** An event of the Responses API, without its number. */
export type ResponseEvent = { type: string } & Record<string, unknown>;

const KINDS = {
  message: { part: 'output_text', event: 'response.output_text', prefix: 'msg' },
  reasoning: { part: 'reasoning_text', event: 'response.reasoning_text', prefix: 'rs' },
} as const;
type Kind = keyof typeof KINDS;

interface OpenItem {
  kind: Kind;
  id: string;
  agent: string | undefined;
  text: string;
}

/** The output items of a response, as the events of a run bring them. One at most is open: the one that takes more text. */
export class OutputItems {
  /** Those that are done, in their order. */
  readonly done: object[] = [];
  private readonly tools = new ToolCalls();
  private open: OpenItem | undefined;

  delta(kind: Kind, { data, source, sequence }: RecordedEvent): ResponseEvent[] {
    const events: ResponseEvent[] = [];
    const agent = source?.agent_id;
    if (this.open?.kind !== kind || this.open.agent !== agent) {
      events.push(...this.close());
      const id = `${KINDS[kind].prefix}_${sequence}`;
      this.open = { kind, id, agent, text: '' };
      events.push(
        { type: 'response.output_item.added', output_index: this.done.length, item: itemOf(this.open, []) },
        {
          type: 'response.content_part.added',
          ...this.place(this.open),
          part: partOf({ ...this.open, text: '' }),
        },
      );
    }
    const delta = textOf(data['content']);
    this.open.text += delta;
    return [...events, { type: `${KINDS[kind].event}.delta`, ...this.place(this.open), delta, logprobs: [] }];
  }

  /** A call is an item of its own, whole at once. */
  call(event: RecordedEvent): ResponseEvent[] {
    const events = this.close();
    const id = `fc_${event.sequence}`;
    const text = JSON.stringify(event.data['arguments'] ?? {});
    const call = this.tools.called(event);
    const item = { id, type: 'function_call', call_id: call.id, name: call.name };
    const at = { output_index: this.done.length };
    const whole = { ...item, arguments: text, status: 'completed' };
    this.done.push(whole);
    return [
      ...events,
      { type: 'response.output_item.added', ...at, item: { ...item, arguments: '', status: 'in_progress' } },
      { type: 'response.function_call_arguments.delta', ...at, item_id: id, delta: text },
      { type: 'response.function_call_arguments.done', ...at, item_id: id, name: item.name, arguments: text },
      { type: 'response.output_item.done', ...at, item: whole },
    ];
  }

  /** So is the result of one. Nothing when there is no such call. */
  result(event: RecordedEvent): ResponseEvent[] {
    const call = this.tools.answered(event);
    if (!call) return [];
    const events = this.close();
    const at = { output_index: this.done.length };
    const item = {
      id: `fco_${event.sequence}`,
      type: 'function_call_output',
      call_id: call.id,
      output: textOf(event.data['result']),
      status: 'completed',
    };
    this.done.push(item);
    return [
      ...events,
      { type: 'response.output_item.added', ...at, item },
      { type: 'response.output_item.done', ...at, item },
    ];
  }

  close(): ResponseEvent[] {
    const { open } = this;
    if (!open) return [];
    this.open = undefined;
    const at = this.place(open);
    const item = itemOf(open, [partOf(open)], 'completed');
    this.done.push(item);
    return [
      { type: `${KINDS[open.kind].event}.done`, ...at, text: open.text, logprobs: [] },
      { type: 'response.content_part.done', ...at, part: partOf(open) },
      { type: 'response.output_item.done', output_index: at.output_index, item },
    ];
  }

  private place({ id }: OpenItem): { item_id: string; output_index: number; content_index: number } {
    return { item_id: id, output_index: this.done.length, content_index: 0 };
  }
}

function itemOf({ kind, id }: OpenItem, content: object[], status = 'in_progress'): object {
  const more = kind === 'message' ? { role: 'assistant' } : { summary: [] };
  return { id, type: kind, status, content, ...more };
}

function partOf({ kind, text }: OpenItem): object {
  return { type: KINDS[kind].part, text, ...(kind === 'message' && { annotations: [], logprobs: [] }) };
}
