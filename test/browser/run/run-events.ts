import type { EventInput } from '../../conformance/model.js';

/** An event as a producer says it. */
export function event(type: string, data: EventInput['data'], agent?: string): EventInput {
  const [category = '', action = ''] = type.split('.');
  return { event: { category, action }, data, ...(agent !== undefined && { source: { agent_id: agent } }) };
}

/** Lines of a log that tell their number. */
export const numbered = (from: number, to: number): EventInput[] =>
  Array.from({ length: to - from + 1 }, (_, at) => event('log.stdout', { line: `line ${from + at}` }));
