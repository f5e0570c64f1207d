import type { VNode } from 'preact';
import { count } from '../../parts/format.js';
import { coarseNow } from '../../store/now.js';
import type { RunsList } from '../../store/runs-list.js';
import { counts } from '../../store/vitals.js';
import { standingOf } from './last-said.js';

/** How all runs stand, whatever is filtered. */
export function CountsLine({ list }: { list: RunsList }): VNode | null {
  const { value } = counts;
  if (!value) return null;
  const quiet = (list.rows.value ?? []).filter((run) => standingOf(run, coarseNow.value) === 'quiet').length;
  const parts = [
    { name: 'running', number: Math.max(0, value.running - quiet), text: '' },
    { name: 'quiet', number: quiet, text: '' },
    { name: 'pending', number: value.pending, text: '' },
    { name: 'failed', number: value.failed, text: ' in 1 h' },
  ].filter(({ number, name }) => number > 0 || name === 'running');
  return (
    <p class="counts">
      {parts.map(({ name, number, text }) => (
        <span key={name} class={number > 0 ? name : ''}>
          <b>{count(number)}</b> {name}
          {text}
        </span>
      ))}
      {!value.complete && <span class="soft">of the newest {count(2000)} that ended</span>}
    </p>
  );
}
