import { watches } from '../../parts/watches.js';
import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { copyText } from '../../parts/copy-button.js';
import { count } from '../../parts/format.js';
import { useKeys } from '../../parts/keys.js';
import { note, place } from '../../service/router.js';
import type { View } from '../../rows/tell.js';
import { EventList } from './event-list.js';
import { Inspector } from './inspector.js';
import { LaneStrip } from './lanes/lane-strip.js';
import type { Filter, RunModel } from './run-model.js';
import type { Selection } from './selection.js';
import { Toolbar } from './toolbar.js';

interface EventsProps {
  model: RunModel;
  selection: Selection;
  onCancel: () => void;
}

/** The events of a run: which, as rows, and one of them in full. */
export function Events({ model, selection, onCancel }: EventsProps): VNode {
  const { query } = place.value;
  const [view, type, agent] = [viewOf(query.get('view')), query.get('type') ?? '', query.get('agent') ?? ''];
  const search = useRef<HTMLInputElement>(null);
  const columns = useSignal(120);
  const isWrapped = useSignal(true);
  const hasTimes = useSignal(true);
  const isInspecting = useSignal(false);
  const cutAt = view === 'log' && isWrapped.value ? columns.value : undefined;
  const filter: Filter = { view, type: view === 'log' ? '' : type, agent, columns: cutAt };
  useLayoutEffect(() => model.show(filter), [model, view, filter.type, agent, cutAt]);
  useEffect(() => selection.follow(place.value.query.get('e')), [selection, query.get('e')]);

  const close = (): void => {
    isInspecting.value = false;
    selection.clear();
    document.querySelector<HTMLElement>('.list')?.focus();
  };
  const move = (by: 1 | -1) => () => selection.move(by);
  const inspect = (): void => {
    if (selection.sequence.value === undefined) selection.move(1);
    isInspecting.value = true;
  };
  const back = (): void => {
    if (selection.sequence.value === undefined) location.hash = '#/';
    else close();
  };
  useKeys('Run', [
    { keys: 'j', does: 'Next row', run: move(1) },
    { keys: 'k', does: 'Row before', run: move(-1) },
    { keys: 'ArrowDown', run: move(1) },
    { keys: 'ArrowUp', run: move(-1) },
    { keys: 'Enter', does: 'Open the event', run: inspect },
    { keys: 'Escape', does: 'Back', run: back },
    { keys: ']', does: 'Next error or gap', run: () => selection.moveToError(1) },
    { keys: '[', does: 'Error or gap before', run: () => selection.moveToError(-1) },
    { keys: '/', does: 'Search', run: () => search.current?.focus() },
    { keys: 'G', does: 'Follow the end', run: () => selection.toEnd() },
    { keys: 'End', run: () => selection.toEnd() },
    { keys: 'x', does: 'Cancel the run', run: onCancel },
    {
      keys: 'y',
      does: 'Copy the link',
      run: () => void copyText(location.href, document.getElementById('main') ?? document.body),
    },
  ]);
  const sequence = selection.sequence.value;
  return (
    <div class="events">
      <Toolbar
        model={model}
        filter={filter}
        onFilter={({ view: to = view, type: ofType = type, agent: ofAgent = agent }) =>
          note({ view: to === 'story' ? undefined : to, type: ofType, agent: ofAgent })
        }
        search={search}
        nth={selection.nth.value}
        onFound={(by) => selection.moveToFound(by)}
        hasTimes={hasTimes.value}
        onTimes={(has) => (hasTimes.value = has)}
        isWrapped={isWrapped.value}
        onWrapped={(is) => (isWrapped.value = is)}
        isFollowing={selection.isFollowing.value}
        onFollow={(is) => (is ? selection.toEnd() : (selection.isFollowing.value = false))}
      />
      <Unread model={model} />
      <LaneStrip model={model} selection={selection} />
      <div class={sequence === undefined ? 'panes' : 'panes two'}>
        <EventList
          model={model}
          selection={selection}
          view={view}
          hasTimes={hasTimes.value}
          onColumns={(number) => (columns.value = number)}
        />
        {sequence !== undefined && (
          <Inspected
            key={sequence}
            model={model}
            selection={selection}
            sequence={sequence}
            isFocused={isInspecting.value}
            onClose={close}
          />
        )}
      </div>
    </div>
  );
}

function viewOf(name: string | null): View {
  return name === 'log' || name === 'all' ? name : 'story';
}

function Unread({ model: { feed, coverage } }: { model: RunModel }): VNode | null {
  const { unread } = coverage.value;
  if (!feed.hasUnread || !unread) return null;
  return (
    <p class="notice">
      {count(unread.to)} older events were not read.{' '}
      <button type="button" onClick={() => void feed.readOlder()}>
        Read older ones
      </button>
    </p>
  );
}

interface InspectedProps {
  model: RunModel;
  selection: Selection;
  sequence: number;
  isFocused: boolean;
  onClose: () => void;
}

function Inspected({ model, selection, sequence, isFocused, onClose }: InspectedProps): VNode {
  const { feed } = model;
  watches(feed.version);
  const rows = model.rows.value;
  watches(rows.version);
  const event = feed.log.at(sequence);
  const index = rows.indexOf(sequence);
  const isGone = model.coverage.value.missing.some(({ from, to }) => from <= sequence && sequence <= to);
  return (
    <Inspector
      sequence={sequence}
      event={event}
      row={index === undefined ? undefined : rows.at(index)}
      why={
        isGone
          ? 'This event is no longer kept.'
          : sequence > feed.log.head
            ? 'There is no such event yet.'
            : 'It is being read…'
      }
      isFocused={isFocused}
      onMove={(by) => selection.move(by)}
      onClose={onClose}
    />
  );
}
