import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { Confirm } from '../../parts/dialog.js';
import { Failure } from '../../parts/failure.js';
import { counted } from '../../parts/format.js';
import { type ConsumerGroup, workOf } from '../../sentences/group-facts.js';
import { client } from '../../service/client.js';
import { go } from '../../service/router.js';
import { ReplayDialog } from './replay-dialog.js';

export interface GroupActionsProps {
  group: ConsumerGroup;
  /** Something has changed. */
  onDone: () => void;
}

/** What can be done with a group. Each says what came of it. */
export function GroupActions({ group, onDone }: GroupActionsProps): VNode {
  const open = useSignal<'replay' | 'delete' | undefined>(undefined);
  const said = useSignal('');
  const trouble = useSignal<unknown>(undefined);
  const isBusy = useSignal(false);
  const name = group.group;
  const done = (text: string): void => {
    said.value = text;
    onDone();
  };
  const turn = async (): Promise<void> => {
    if (isBusy.value) return;
    [isBusy.value, trouble.value, said.value] = [true, undefined, ''];
    try {
      const now = await (group.paused ? client.consumers.resume(name) : client.consumers.pause(name));
      done(now.paused ? 'Paused: what is being handled is finished, and nothing is begun.' : 'Resumed.');
    } catch (error) {
      trouble.value = error;
    } finally {
      isBusy.value = false;
    }
  };
  return (
    <div class="actions">
      <button type="button" aria-disabled={isBusy.value} onClick={() => void turn()}>
        {group.paused ? 'Resume' : 'Pause'}
      </button>
      <button type="button" onClick={() => (open.value = 'replay')}>
        Replay…
      </button>
      <button
        type="button"
        class="danger"
        disabled={group.handled}
        title={group.handled ? 'A process handles it, or did within the last minute' : undefined}
        onClick={() => (open.value = 'delete')}
      >
        Delete…
      </button>
      <span role="status">{said.value}</span>
      <Failure error={trouble.value} />
      {open.value === 'replay' && (
        <ReplayDialog group={group} onDone={done} onClose={() => (open.value = undefined)} />
      )}
      {open.value === 'delete' && (
        <Confirm
          title={`Delete ${name}`}
          action="Delete"
          typed={name}
          isDangerous
          onClose={() => (open.value = undefined)}
          onConfirm={async () => {
            await client.consumers.delete(name);
            go(['groups']);
          }}
        >
          <p>
            All that is known of the group goes, with {counted(workOf(group), 'event')} that{' '}
            {workOf(group) === 1 ? 'waits' : 'wait'} for it and {counted(group.dead_letters, 'dead letter')}.
            The events themselves stay in their runs.
          </p>
        </Confirm>
      )}
    </div>
  );
}
