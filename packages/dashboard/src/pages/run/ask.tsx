import type { Run } from '@runstream/client';
import type { VNode } from 'preact';
import { useRef } from 'preact/hooks';
import { Confirm } from '../../parts/dialog.js';
import { counted } from '../../parts/format.js';
import { Text } from '../../parts/text.js';
import { client } from '../../service/client.js';
import type { RunFeed } from '../../store/run/run-feed.js';

interface AskProps {
  feed: RunFeed;
  run: Run;
  onClose: () => void;
}

export function AskCancel({ feed, run, onClose }: AskProps): VNode {
  const reason = useRef<HTMLInputElement>(null);
  const cancel = async (): Promise<void> => {
    const said = reason.current?.value.trim() ?? '';
    feed.run.value = await client.runs.cancel(run.id, said === '' ? {} : { reason: said });
  };
  return (
    <Confirm title="Cancel this run?" action="Cancel the run" onConfirm={cancel} onClose={onClose}>
      <p>
        <Text value={run.task} /> ends as cancelled. What its producer still writes is refused.
      </p>
      <label>
        Reason (optional)
        <input ref={reason} maxLength={1000} />
      </label>
    </Confirm>
  );
}

export function AskDelete({ feed, run, onClose }: AskProps): VNode {
  const remove = async (): Promise<void> => {
    await client.runs.delete(run.id);
    feed.state.value = { kind: 'deleted' };
    feed.close();
  };
  return (
    <Confirm
      title="Delete this run?"
      action="Delete the run"
      isDangerous
      onConfirm={remove}
      onClose={onClose}
    >
      <p>
        <Text value={run.task} /> and its {counted(run.sequence, 'event')} are gone then, for every reader and
        for good.
      </p>
    </Confirm>
  );
}

/** Decides what an executor waits for. */
export function AskGate({
  run,
  action,
  onClose,
}: Omit<AskProps, 'feed'> & { action: 'approved' | 'rejected' }): VNode {
  const by = useRef<HTMLInputElement>(null);
  const isYes = action === 'approved';
  const append = async (): Promise<void> => {
    const name = by.current?.value.trim() ?? '';
    await client.runs.append(run.id, {
      event: { category: 'gate', action },
      data: { by: name === '' ? 'dashboard' : name },
    });
  };
  return (
    <Confirm
      title={isYes ? 'Approve?' : 'Reject?'}
      action={isYes ? 'Approve' : 'Reject'}
      onConfirm={append}
      onClose={onClose}
    >
      <p>
        An event gate.{action} is appended, for which <Text value={run.executor} /> waits.
      </p>
      <label>
        Who decides (optional)
        <input ref={by} maxLength={200} />
      </label>
    </Confirm>
  );
}
