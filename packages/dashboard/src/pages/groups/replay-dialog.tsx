import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { Confirm } from '../../parts/dialog.js';
import { counted } from '../../parts/format.js';
import { Text } from '../../parts/text.js';
import type { ConsumerGroup } from '../../sentences/group-facts.js';
import { client } from '../../service/client.js';
import { may } from '../../service/session.js';

/** Events that are counted; of more it is said that they are more. */
const MOST = 1000;
const START = '1970-01-01T00:00:00.000Z';
const TYPED_MS = 400;

export interface ReplayDialogProps {
  group: ConsumerGroup;
  onDone: (said: string) => void;
  onClose: () => void;
}

/** Asks from where on a group is to be given everything again, and says how much that is. */
export function ReplayDialog({ group, onDone, onClose }: ReplayDialogProps): VNode {
  const way = useSignal<'start' | 'time' | 'id'>('start');
  const time = useSignal('');
  const id = useSignal('');
  const from = way.value === 'start' ? START : way.value === 'id' ? id.value.trim() : isoOf(time.value);
  const name = group.group;
  const choice = (value: typeof way.value, label: string): VNode => (
    <label class="choice">
      <input type="radio" name="from" checked={way.value === value} onChange={() => (way.value = value)} />
      {label}
    </label>
  );
  return (
    <Confirm
      title={`Replay ${name}`}
      action="Replay"
      typed={name}
      isDangerous
      onClose={onClose}
      onConfirm={async () => {
        const { lag } = await client.consumers.replay(name, from);
        onDone(`Replayed: ${counted(lag, 'event')} to be given out.`);
      }}
    >
      <p>
        From there on it is given everything again that is still kept, handled or not. Its handlers see each
        event another time. Dead letters stay.
      </p>
      <fieldset>
        <legend>From</legend>
        {choice('start', 'the oldest event that is kept')}
        {choice('time', 'a time')}
        {way.value === 'time' && (
          <input
            type="datetime-local"
            aria-label="Time"
            step="1"
            required
            value={time.value}
            onInput={(event) => (time.value = event.currentTarget.value)}
          />
        )}
        {choice('id', 'an event, by its journal id')}
        {way.value === 'id' && (
          <input
            type="text"
            aria-label="Journal id"
            placeholder="1795279279000-42"
            pattern="\s*\d+-\d+\s*"
            spellcheck={false}
            required
            value={id.value}
            onInput={(event) => (id.value = event.currentTarget.value)}
          />
        )}
      </fieldset>
      {may('runs:read') && <HowMany group={group} from={from} />}
    </Confirm>
  );
}

/** Of the reader's zone; '' while it is not whole. */
function isoOf(local: string): string {
  const date = new Date(local);
  return Number.isNaN(date.getTime()) ? '' : date.toISOString();
}

/** How many events of the group's types are kept from there on. Nothing where that can't be said. */
function HowMany({ group, from }: { group: ConsumerGroup; from: string }): VNode {
  const said = useSignal('…');
  const types = group.types?.join(',');
  useEffect(() => {
    const ended = new AbortController();
    said.value = '…';
    const timer = setTimeout(() => {
      const start = from === START ? '-' : /^\d+-\d+$/.test(from) ? from : `${Date.parse(from)}-0`;
      if (start.startsWith('NaN')) return;
      const query = { start_id: start, limit: MOST, ...(types !== undefined && { type: types }) };
      client.events.list(query, { signal: ended.signal }).then(
        ({ events, next_id }) => {
          const number = counted(events.length, 'event');
          said.value = `${next_id === null ? number : `${number} or more`} of its types ${events.length === 1 && next_id === null ? 'is' : 'are'} kept from there on.`;
        },
        () => (said.value = ''),
      );
    }, TYPED_MS);
    return () => {
      clearTimeout(timer);
      ended.abort();
    };
  }, [from, types]);
  return (
    <p role="status" class="soft">
      <Text value={said.value} />
    </p>
  );
}
