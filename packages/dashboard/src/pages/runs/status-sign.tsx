import type { VNode } from 'preact';
import type { Standing } from './last-said.js';

const SIGNS: Readonly<Record<Standing, string>> = {
  running: '●',
  quiet: '◐',
  pending: '◌',
  failed: '✕',
  cancelled: '⊘',
  completed: '✓',
};

/** How a run stands: a sign, and the word beside it. */
export function StatusSign({ standing }: { standing: Standing }): VNode {
  return (
    <span class={`status ${standing}`}>
      <span aria-hidden="true">{SIGNS[standing]}</span> {standing}
    </span>
  );
}
