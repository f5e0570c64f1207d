import type { PreparedEvent } from '../../events/index.js';

/** Events, as the scripts that write take them (write-events.lua): few arguments, since each costs both sides. */
export function eventArgs(events: readonly PreparedEvent[], journalExclude: ReadonlySet<string>): string[] {
  const args: string[] = [];
  for (const { type, body, timestamp, key, patch } of events) {
    const journaled = journalExclude.has(type) ? '0' : '1';
    const isPlain = timestamp === undefined && key === undefined && patch === undefined;
    args.push(type, body, isPlain ? journaled : journaled + rareArg(timestamp, key, patch));
  }
  return args;
}

/** None of these holds a newline: JSON escapes it. */
function rareArg(timestamp = '', key = '', patch?: PreparedEvent['patch']): string {
  return `${timestamp}\n${key}\n${patch?.status ?? ''}\n${patch?.outcome ?? ''}`;
}
