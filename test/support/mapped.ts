import type { JsonObjectInput, TerminalStatus } from '../../src/events/index.js';
import type { EventMapper, Frame } from '../../src/adapters/mapping/event-mapper.js';
import { recordedEvent } from '../../src/testing/doubles/create-event.js';

/** An event of a run, for a mapper: its type, its data, and the agent that said it. */
export type Said = readonly [type: string, data?: JsonObjectInput, agent?: string];

const ENDS: Readonly<Record<string, TerminalStatus>> = {
  'lifecycle.completed': 'completed',
  'lifecycle.failed': 'failed',
  'lifecycle.cancelled': 'cancelled',
};

/** What a mapper makes of a run from its first event on; with its end what follows that. */
export function mapped(mapper: EventMapper, ...said: readonly Said[]): Frame[] {
  const frames: Frame[] = [];
  for (const [index, [type, data = {}, agent]] of said.entries()) {
    const [category = '', action = ''] = type.split('.');
    const event = {
      ...recordedEvent({ type: 'log.stdout', data }, { runId: 'r1', sequence: index + 1 }),
      id: `1000-${index + 1}`,
      event: { category, action },
      ...(agent !== undefined && { source: { agent_id: agent } }),
    };
    const ends = agent === undefined ? ENDS[type] : undefined;
    frames.push(...mapper.event(event, ends));
    if (ends) frames.push(...(mapper.ended?.(event.id) ?? []));
  }
  return frames;
}

/** The JSON of frames; what is no JSON as it is. */
export function dataOf(frames: readonly Frame[]): unknown[] {
  return frames.map(({ data }) => (data.startsWith('{') ? (JSON.parse(data) as unknown) : data));
}
