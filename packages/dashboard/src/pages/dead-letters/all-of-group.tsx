import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { Confirm } from '../../parts/dialog.js';
import { counted } from '../../parts/format.js';
import { client } from '../../service/client.js';

const MOST = 1000;

export interface AllOfGroupProps {
  group: string;
  /** Letters are gone: says what came of it. */
  onDone: (said: string) => void;
}

/** What can be done with all dead letters of a group, also with those that are not shown. */
export function AllOfGroup({ group, onDone }: AllOfGroupProps): VNode {
  const asks = useSignal<'redrive' | 'delete' | undefined>(undefined);
  const close = (): void => {
    asks.value = undefined;
  };
  return (
    <>
      <button type="button" onClick={() => (asks.value = 'redrive')}>
        Redrive all…
      </button>
      <button type="button" class="danger" onClick={() => (asks.value = 'delete')}>
        Delete all…
      </button>
      {asks.value === 'redrive' && (
        <Confirm
          title={`Redrive all of ${group}`}
          action="Redrive all"
          onClose={close}
          onConfirm={async () => {
            const { redriven, trimmed } = await client.deadLetters.redriveMany({ group, limit: MOST });
            const rest =
              trimmed > 0 ? ` ${trimmed} can’t be: trimmed, so there is nothing to send back.` : '';
            const again = redriven === MOST ? ' There may be more.' : '';
            onDone(`Redriven ${counted(redriven, 'dead letter')}.${rest}${again}`);
          }}
        >
          <p>
            The {counted(MOST, 'oldest dead letter')} at most, of every error: their events go to the group
            again, once each, with attempts counted from 1.
          </p>
        </Confirm>
      )}
      {asks.value === 'delete' && (
        <Confirm
          title={`Delete all dead letters of ${group}`}
          action="Delete all"
          typed={group}
          isDangerous
          onClose={close}
          onConfirm={async () => {
            await client.deadLetters.deleteAll(group);
            onDone(`Deleted all dead letters of ${group}.`);
          }}
        >
          <p>Also those that are not shown. The group never handles their events; they stay in their runs.</p>
        </Confirm>
      )}
    </>
  );
}
