import type { Run } from '@runstream/client';
import type { VNode } from 'preact';
import { CopyButton } from '../../parts/copy-button.js';
import { duration } from '../../parts/format.js';
import { now } from '../../store/now.js';
import { Text } from '../../parts/text.js';
import { may } from '../../service/session.js';
import { RunMenu } from './run-menu.js';
import type { RunModel } from './run-model.js';
import { signOf } from './status-sign.js';
import { Held, StreamState } from './stream-state.js';

export interface RunHeaderProps {
  model: RunModel;
  run: Run;
  /** Somebody wants to see where events are missing, from this one on. */
  onGap: (from: number) => void;
  onCancel: () => void;
  onDelete: () => void;
}

/** What a run is, and how it stands. */
export function RunHeader({ model, run, onGap, onCancel, onDelete }: RunHeaderProps): VNode {
  const { feed } = model;
  const isActive = run.completed_at === null;
  const isThere = feed.state.value.kind !== 'deleted';
  return (
    <header class="run-head">
      <div class="run-title">
        <a href="#/" aria-label="All runs" class="back">
          ‹
        </a>
        <h1>
          <Text value={run.task} />
        </h1>
        {isThere && isActive && may('runs:write') && (
          <button type="button" onClick={onCancel} aria-keyshortcuts="x">
            Cancel
          </button>
        )}
        {isThere && <RunMenu run={run} onDelete={onDelete} />}
      </div>
      <div class="facts">
        <span class={`status ${run.status}`}>
          {signOf(run.status)} {run.status}
        </span>
        <Took run={run} />
        {run.attempt > 1 && <span>attempt {run.attempt}</span>}
        <span>
          <Text value={run.executor} />
          {run.holder && (
            <>
              {' on '}
              <Text value={run.holder.instance} />
            </>
          )}
        </span>
        <Held coverage={model.coverage.value} feed={feed} onGap={onGap} />
        <StreamState feed={feed} />
      </div>
      <div class="facts">
        <Text class="id" value={run.id} />
        <CopyButton label="Copy id" text={() => run.id} />
        {run.key !== null && (
          <span class="label">
            key <Text value={run.key} />
          </span>
        )}
        {Object.entries(run.labels).map(([name, value]) => (
          <span key={name} class="label">
            <Text value={name} />: <Text value={value} />
          </span>
        ))}
      </div>
    </header>
  );
}

function Took({ run }: { run: Run }): VNode {
  const from = Date.parse(run.started_at ?? run.created_at);
  const to = run.completed_at === null ? now.value : Date.parse(run.completed_at);
  return (
    <time dateTime={run.started_at ?? run.created_at} title={`began ${run.started_at ?? run.created_at}`}>
      {duration(to - from)}
    </time>
  );
}
