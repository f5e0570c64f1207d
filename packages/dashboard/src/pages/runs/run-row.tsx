import type { VNode } from 'preact';
import { count, duration } from '../../parts/format.js';
import { Text, visible } from '../../parts/text.js';
import { href } from '../../service/router.js';
import { coarseNow, now } from '../../store/now.js';
import { type Executor, lastSaid, type RunItem, standingOf, tookMs } from './last-said.js';
import { StatusSign } from './status-sign.js';

const MAX_LABELS = 3;

interface RunRowProps {
  run: RunItem;
  executors: readonly Executor[] | undefined;
}

/** A run, and what to know of it without opening it. It is drawn again when the run or the time has changed. */
export function RunRow({ run, executors }: RunRowProps): VNode {
  // Only what is under way changes with every second.
  const at = run.completed_at === null ? now.value : coarseNow.value;
  const standing = standingOf(run, at);
  const labels = Object.entries(run.labels);
  const said = lastSaid(run, executors, at);
  return (
    <tr role="row" class={standing}>
      <td role="cell" class="stands">
        <StatusSign standing={standing} />
      </td>
      <td role="cell" class="task">
        <a href={href(['runs', run.id])} title={visible(run.task)}>
          <Text value={run.task} />
        </a>
        {run.key !== null && <Text class="label" value={run.key} />}
        {labels.slice(0, MAX_LABELS).map(([name, value]) => (
          <Text key={name} class="label" value={`${name}:${value}`} />
        ))}
        {labels.length > MAX_LABELS && <span class="label">+{labels.length - MAX_LABELS}</span>}
      </td>
      <td role="cell" class="executor">
        <Text value={run.executor} />
      </td>
      <td role="cell" class="took">
        {run.started_at === null && run.completed_at === null ? '' : duration(tookMs(run, at))}
      </td>
      <td role="cell" class="events">
        {count(run.sequence)}
      </td>
      <td role="cell" class="said" title={visible(said)}>
        <Text value={said} />
      </td>
    </tr>
  );
}
