import type { RecordedEvent, TerminalStatus } from '../../events/index.js';
import { dataFrame, type EventMapper, type Frame, type Loss } from '../mapping/event-mapper.js';
import { ToolCalls } from '../mapping/tool-calls.js';
import { errorText, lossText, textOf, typeOf } from '../mapping/values.js';

/** Events that hold events as AG-UI has them. */
export const AGUI_EVENT = 'agui.event';

type AgentEvent = { type: string } & Record<string, unknown>;

const LAST_EVENTS = ['RUN_FINISHED', 'RUN_ERROR'];

/** A run as AG-UI's events: text, reasoning, tools, and anything else as custom events with the event's own data. */
export class AgentEventMapper implements EventMapper {
  private readonly tools = new ToolCalls();
  /** The message that takes more, and whose it is. */
  private message: { kind: 'TEXT' | 'REASONING'; id: string; agent: string | undefined } | undefined;
  private hasBegun = false;
  private hasEnded = false;

  /** @param ids the thread and the run as the client calls them */
  constructor(private readonly ids: { threadId: string; runId: string }) {}

  event(event: RecordedEvent, ends: TerminalStatus | undefined): Frame[] {
    return this.events(event, ends).map(dataFrame);
  }

  lost(loss: Loss): Frame[] {
    return [dataFrame({ type: 'RUN_ERROR', message: lossText(loss), code: 'events_lost' })];
  }

  private events(event: RecordedEvent, ends: TerminalStatus | undefined): AgentEvent[] {
    const { data } = event;
    const type = typeOf(event);
    if (type === AGUI_EVENT) return this.verbatim(data as AgentEvent);
    if (ends) return this.end(ends, event);
    // Says nothing yet: a producer that has events of its own begins with one.
    if (type === 'lifecycle.started' && !event.source) return this.close();
    const before = this.begin();
    switch (type) {
      case 'llm.stream':
        return [...before, ...this.delta('TEXT', event)];
      case 'llm.reasoning':
        return [...before, ...this.delta('REASONING', event)];
      case 'llm.tool_call': {
        const { id, name } = this.tools.called(event);
        const args = JSON.stringify(data['arguments'] ?? {});
        return [
          ...before,
          ...this.close(),
          { type: 'TOOL_CALL_START', toolCallId: id, toolCallName: name },
          { type: 'TOOL_CALL_ARGS', toolCallId: id, delta: args },
          { type: 'TOOL_CALL_END', toolCallId: id },
        ];
      }
      case 'llm.tool_result': {
        const call = this.tools.answered(event);
        if (!call) break;
        const result = { messageId: this.idOf(event), toolCallId: call.id, content: textOf(data['result']) };
        return [...before, ...this.close(), { type: 'TOOL_CALL_RESULT', ...result, role: 'tool' }];
      }
    }
    return [...before, { type: 'CUSTOM', name: type, value: data }];
  }

  private begin(): AgentEvent[] {
    if (this.hasBegun) return [];
    this.hasBegun = true;
    return [{ type: 'RUN_STARTED', ...this.ids }];
  }

  /** Unique in the thread, which has many runs. */
  private idOf({ run_id, sequence }: RecordedEvent): string {
    return `${run_id}-${sequence}`;
  }

  private delta(kind: 'TEXT' | 'REASONING', event: RecordedEvent): AgentEvent[] {
    const delta = textOf(event.data['content']);
    // A delta of nothing is refused.
    if (delta === '') return [];
    const events: AgentEvent[] = [];
    const agent = event.source?.agent_id;
    if (this.message?.kind !== kind || this.message.agent !== agent) {
      events.push(...this.close());
      const messageId = this.idOf(event);
      this.message = { kind, id: messageId, agent };
      if (kind === 'REASONING') events.push({ type: 'REASONING_START', messageId });
      const role = kind === 'TEXT' ? 'assistant' : 'reasoning';
      events.push({ type: `${kind}_MESSAGE_START`, messageId, role });
    }
    return [...events, { type: `${kind}_MESSAGE_CONTENT`, messageId: this.message.id, delta }];
  }

  private close(): AgentEvent[] {
    const { message } = this;
    if (!message) return [];
    this.message = undefined;
    const end = { type: `${message.kind}_MESSAGE_END`, messageId: message.id };
    return message.kind === 'TEXT' ? [end] : [end, { type: 'REASONING_END', messageId: message.id }];
  }

  /** A producer that has events begins and ends its run itself. */
  private verbatim(event: AgentEvent): AgentEvent[] {
    if (this.hasEnded) return [];
    const before = event.type === 'RUN_STARTED' ? [] : this.begin();
    this.hasBegun = true;
    this.hasEnded = LAST_EVENTS.includes(event.type);
    return [...before, ...this.close(), event];
  }

  private end(how: TerminalStatus, { data }: RecordedEvent): AgentEvent[] {
    if (this.hasEnded) return [];
    this.hasEnded = true;
    const before = [...this.begin(), ...this.close()];
    if (how === 'completed') {
      const result = data['result'] ?? undefined;
      return [...before, { type: 'RUN_FINISHED', ...this.ids, ...(result !== undefined && { result }) }];
    }
    const message =
      how === 'failed' ? errorText(data['error']) : textOf(data['reason']) || 'The run was cancelled.';
    return [...before, { type: 'RUN_ERROR', message, code: how }];
  }
}
