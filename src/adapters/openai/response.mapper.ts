import type { RecordedEvent, TerminalStatus } from '../../events/index.js';
import type { EventMapper, Frame, Loss } from '../mapping/event-mapper.js';
import { errorText, lossText, typeOf } from '../mapping/values.js';
import { OutputItems, type ResponseEvent } from './output-items.js';

/** Events that hold events as OpenAI has them. */
export const OPENAI_EVENT = 'openai.event';

/** So many events of theirs one of ours can become: the numbers of the next one begin behind them. */
const NUMBERS = 16;
const LAST: Readonly<Record<TerminalStatus, string>> = {
  completed: 'response.completed',
  failed: 'response.failed',
  // There is no event of its own for it; the response says `cancelled`.
  cancelled: 'response.incomplete',
};
const LAST_EVENTS = Object.values(LAST);

/** What a response says of its run. */
export interface ResponseHead {
  id: string;
  /** In seconds. */
  created_at: number;
  model: string;
  metadata: Readonly<Record<string, string>>;
}

/**
 * A run as a response of the Responses API. The numbers of its events rise, with gaps: they follow from the run's
 * sequence, so that a client may come back with any of them.
 */
export class ResponseMapper implements EventMapper {
  private readonly items = new OutputItems();
  private hasBegun = false;
  private hasEnded = false;
  private latest: object | undefined;

  /** @param after events up to this number are left out */
  constructor(
    private readonly head: ResponseHead,
    private readonly after = -1,
  ) {}

  /** The response as the events so far have made it. */
  get response(): object {
    return this.latest ?? this.as('in_progress');
  }

  event(event: RecordedEvent, ends: TerminalStatus | undefined): Frame[] {
    return this.numbered(event.sequence, this.events(event, ends));
  }

  lost(loss: Loss, cursor: string): Frame[] {
    const sequence = Number(cursor.split('-')[1]);
    const error = { type: 'error', code: 'server_error', message: lossText(loss), param: null };
    // Never left out: who is not told would take the stream for the whole of it.
    return [frameOf({ ...error, sequence_number: (sequence + 1) * NUMBERS - 1 })];
  }

  private events(event: RecordedEvent, ends: TerminalStatus | undefined): ResponseEvent[] {
    if (ends) return this.end(ends, event);
    switch (typeOf(event)) {
      case OPENAI_EVENT:
        return this.verbatim(event.data as ResponseEvent);
      case 'llm.stream':
        return [...this.begin(), ...this.items.delta('message', event)];
      case 'llm.reasoning':
        return [...this.begin(), ...this.items.delta('reasoning', event)];
      case 'llm.tool_call':
        return [...this.begin(), ...this.items.call(event)];
      case 'llm.tool_result':
        return [...this.begin(), ...this.items.result(event)];
      default:
        return [];
    }
  }

  private begin(): ResponseEvent[] {
    if (this.hasBegun) return [];
    this.hasBegun = true;
    const response = this.as('in_progress');
    return [
      { type: 'response.created', response },
      { type: 'response.in_progress', response },
    ];
  }

  /** A producer that has events begins and ends its response itself. */
  private verbatim(event: ResponseEvent): ResponseEvent[] {
    const before = event.type === 'response.created' ? [] : this.begin();
    this.hasBegun = true;
    this.hasEnded ||= LAST_EVENTS.includes(event.type);
    if (typeof event['response'] === 'object' && event['response'] !== null) this.latest = event['response'];
    return [...before, event];
  }

  private end(how: TerminalStatus, { data }: RecordedEvent): ResponseEvent[] {
    if (this.hasEnded) return [];
    this.hasEnded = true;
    const before = [...this.begin(), ...this.items.close()];
    const error = how === 'failed' ? { code: 'server_error', message: errorText(data['error']) } : null;
    this.latest = this.as(how, error);
    return [...before, { type: LAST[how], response: this.latest }];
  }

  private as(status: string, error: object | null = null): object {
    return {
      ...this.head,
      object: 'response',
      status,
      background: true,
      error,
      incomplete_details: null,
      instructions: null,
      output: [...this.items.done],
      parallel_tool_calls: true,
      temperature: null,
      tool_choice: 'auto',
      tools: [],
      top_p: null,
    };
  }

  private numbered(sequence: number, events: readonly ResponseEvent[]): Frame[] {
    return events
      .map((event, index) => ({ ...event, sequence_number: sequence * NUMBERS + index }))
      .filter(({ sequence_number }) => sequence_number > this.after)
      .map(frameOf);
  }
}

function frameOf(event: ResponseEvent): Frame {
  return { name: nameOf(event.type), data: JSON.stringify(event) };
}

/** What a producer outside appended as a type may be no name. */
function nameOf(type: unknown): string {
  return typeof type === 'string' && /^[\w.]+$/.test(type) ? type : 'message';
}
