import type { RunEvent } from '@runstream/client';

/** When nobody says anything for longer, it is shown. */
export const SILENCE_MS = 30_000;

export const typeOf = ({ event }: Pick<RunEvent, 'event'>): string => `${event.category}.${event.action}`;

export const agentOf = ({ source }: Pick<RunEvent, 'source'>): string | undefined => source?.agent_id;

/** What somebody looks for who asks why it went wrong. */
export function isError(event: RunEvent): boolean {
  const { action } = event.event;
  if (action === 'error' || action === 'failed') return true;
  return typeOf(event) === 'llm.tool_result' && isErrorResult(event);
}

/** There is no one way to say it. */
function isErrorResult({ data }: RunEvent): boolean {
  return (data['error'] ?? null) !== null || data['is_error'] === true || data['ok'] === false;
}

/** When it was appended, by the service's clock: the event's own time is the producer's. */
export const appendedAt = ({ id }: RunEvent): number => Number(id.split('-')[0]);
