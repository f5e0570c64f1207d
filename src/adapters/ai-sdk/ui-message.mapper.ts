import type { RecordedEvent, TerminalStatus } from '../../events/index.js';
import { dataFrame, type EventMapper, type Frame, type Loss } from '../mapping/event-mapper.js';
import { ToolCalls } from '../mapping/tool-calls.js';
import { errorText, lossText, textOf, typeOf } from '../mapping/values.js';

/** Events that hold chunks as the AI SDK has them. */
export const AI_CHUNK = 'ai.chunk';

type Chunk = { type: string } & Record<string, unknown>;

/** Chunks after which the AI SDK expects no more. */
const LAST_CHUNKS = ['finish', 'error', 'abort'];
const STEP_CHUNKS = ['start-step', 'finish-step'];

/**
 * A run as one message of the AI SDK's UI message stream: text, reasoning, tools, and anything else as `data-…` parts
 * with the event's own data.
 */
export class UiMessageMapper implements EventMapper {
  private readonly tools = new ToolCalls();
  /** The part of text or reasoning that takes more, and whose it is. */
  private part: { kind: 'text' | 'reasoning'; id: string; agent: string | undefined } | undefined;
  private hasBegun = false;
  private hasFinished = false;
  private isInStep = false;
  /** In a step of the AI SDK results come last: what a model says about them belongs to the next one. */
  private hasResults = false;

  /** @param messageId a message of a client that has this id is replaced */
  constructor(private readonly messageId: string) {}

  event(event: RecordedEvent, ends: TerminalStatus | undefined): Frame[] {
    return this.chunks(event, ends).map(dataFrame);
  }

  lost(loss: Loss): Frame[] {
    return [dataFrame(this.finishWith({ type: 'error', errorText: lossText(loss) })), ...this.ended()];
  }

  ended(): Frame[] {
    return [{ data: '[DONE]' }];
  }

  private chunks(event: RecordedEvent, ends: TerminalStatus | undefined): Chunk[] {
    const { data } = event;
    const type = typeOf(event);
    if (ends) return this.end(ends, event);
    if (type === 'lifecycle.started' && !event.source) return this.closePart();
    switch (type) {
      case AI_CHUNK:
        return this.verbatim(data as Chunk);
      case 'llm.stream':
        return this.delta('text', event);
      case 'llm.reasoning':
        return this.delta('reasoning', event);
      case 'llm.tool_call': {
        const { id, name } = this.tools.called(event);
        const call = { toolCallId: id, toolName: name, input: data['arguments'] ?? {}, dynamic: true };
        return [...this.say(), ...this.closePart(), { type: 'tool-input-available', ...call }];
      }
      case 'llm.tool_result': {
        const call = this.tools.answered(event);
        if (!call) break;
        this.hasResults = true;
        const output = data['result'] ?? null;
        return [
          ...this.closePart(),
          { type: 'tool-output-available', toolCallId: call.id, output, dynamic: true },
        ];
      }
    }
    // Lines of logs are many, and none of the message that is kept and sent again with the next question.
    const transient = event.event.category === 'log' && { transient: true };
    return [...this.begin(), { type: `data-${type}`, id: event.id, data, ...transient }];
  }

  private begin(): Chunk[] {
    if (this.hasBegun) return [];
    this.hasBegun = true;
    this.isInStep = true;
    return [this.start(), { type: 'start-step' }];
  }

  private start(): Chunk {
    return { type: 'start', messageId: this.messageId };
  }

  /** Before anything that a model says. */
  private say(): Chunk[] {
    if (!this.hasBegun) return this.begin();
    if (!this.hasResults) return [];
    this.hasResults = false;
    return [...this.closePart(), { type: 'finish-step' }, { type: 'start-step' }];
  }

  private delta(kind: 'text' | 'reasoning', { data, source, sequence }: RecordedEvent): Chunk[] {
    const chunks = this.say();
    const agent = source?.agent_id;
    if (this.part?.kind !== kind || this.part.agent !== agent) {
      chunks.push(...this.closePart());
      this.part = { kind, id: `${kind}-${sequence}`, agent };
      chunks.push({ type: `${kind}-start`, id: this.part.id });
    }
    return [...chunks, { type: `${kind}-delta`, id: this.part.id, delta: textOf(data['content']) }];
  }

  private closePart(): Chunk[] {
    const { part } = this;
    this.part = undefined;
    return part ? [{ type: `${part.kind}-end`, id: part.id }] : [];
  }

  /** A producer that has chunks begins and ends its message, and its steps, itself. */
  private verbatim(chunk: Chunk): Chunk[] {
    const before = this.closePart();
    if (!this.hasBegun && chunk.type !== 'start') before.push(this.start());
    this.hasBegun = true;
    if (this.isInStep && STEP_CHUNKS.includes(chunk.type)) {
      this.isInStep = false;
      if (chunk.type === 'start-step') before.push({ type: 'finish-step' });
    }
    this.hasFinished ||= LAST_CHUNKS.includes(chunk.type);
    return [...before, chunk];
  }

  private end(how: TerminalStatus, { data }: RecordedEvent): Chunk[] {
    if (this.hasFinished) return [];
    const before = [...this.begin(), ...this.closePart()];
    if (how === 'failed')
      return [...before, this.finishWith({ type: 'error', errorText: errorText(data['error']) })];
    if (how === 'cancelled') return [...before, this.finishWith({ type: 'abort' })];
    const step = this.isInStep ? [{ type: 'finish-step' }] : [];
    return [...before, ...step, this.finishWith({ type: 'finish' })];
  }

  private finishWith(chunk: Chunk): Chunk {
    this.hasFinished = true;
    return chunk;
  }
}
