import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

/** Keys of a sequence, such as `g r`, come within this time. */
const SEQUENCE_MS = 1500;

/** What a key does. */
export interface KeyBinding {
  /** As `KeyboardEvent.key` has them, with a space between those of a sequence: `g r`, `?`, `Enter`. */
  keys: string;
  /** For the help. Without it, another binding tells. */
  does?: string;
  run: (event: KeyboardEvent) => void;
}

/** Keys that belong together: those of a page, of the frame. */
export interface KeyGroup {
  name: string;
  bindings: readonly KeyBinding[];
}

/** The name of the frame's own. */
export const EVERYWHERE = 'Everywhere';

/** All that count now: the later ones first. */
export const keyGroups = signal<readonly KeyGroup[]>([]);

/** The keys of a component, for as long as it is shown. They don't count in fields and dialogs, nor with Ctrl, Alt or Meta. */
export function useKeys(name: string, bindings: readonly KeyBinding[]): void {
  const latest = useRef(bindings);
  latest.current = bindings;
  const all = bindings.map(({ keys }) => keys).join('\n');
  useEffect(() => {
    const group = {
      name,
      bindings: latest.current.map((binding, index) => ({
        ...binding,
        run: (event: KeyboardEvent) => latest.current[index]?.run(event),
      })),
    };
    keyGroups.value = [group, ...keyGroups.value];
    return () => void (keyGroups.value = keyGroups.value.filter((one) => one !== group));
  }, [name, all]);
}

let begun = '';
let begunAt = 0;

addEventListener('keydown', (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.target instanceof Element && isOwn(event.target, event.key)) return;
  if (event.key === 'Shift') return;
  const isLate = event.timeStamp - begunAt > SEQUENCE_MS;
  const typed = begun !== '' && !isLate ? `${begun} ${event.key}` : event.key;
  begun = '';
  const bindings = keyGroups.value.flatMap((group) => group.bindings);
  const hit = bindings.find(({ keys }) => keys === typed);
  if (hit) {
    event.preventDefault();
    hit.run(event);
  } else if (bindings.some(({ keys }) => keys.startsWith(`${typed} `))) {
    begun = typed;
    begunAt = event.timeStamp;
  }
});

/** What has a use for keys itself. */
function isOwn(target: Element, key: string): boolean {
  if (target.closest('input, textarea, select, dialog, [contenteditable], [popover]')) return true;
  return (key === 'Enter' || key === ' ') && target.closest('a, button, summary') !== null;
}
