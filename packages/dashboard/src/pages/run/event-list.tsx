import { watches } from '../../parts/watches.js';
import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { counted } from '../../parts/format.js';
import { VirtualList } from '../../parts/virtual-list.js';
import { sequenceOf } from '../../rows/row.js';
import type { RowSource } from '../../rows/row-source.js';
import { RowView } from '../../rows/row-view.js';
import type { View } from '../../rows/tell.js';
import { noteRefusal } from '../../service/session.js';
import type { RunModel } from './run-model.js';
import type { Selection } from './selection.js';

/** Rows that a text may still be written to. */
const OPEN_ROWS = 5;
/** Who scrolls fast passes most of it. */
const REST_MS = 150;

export interface EventListProps {
  model: RunModel;
  selection: Selection;
  view: View;
  hasTimes: boolean;
  /** How many characters of a log line are seen in a row. */
  onColumns: (columns: number) => void;
}

export function EventList({ model, selection, view, hasTimes, onColumns }: EventListProps): VNode {
  const { feed, search } = model;
  const rows = model.rows.value;
  const version = rows.version.value;
  const box = useRef<HTMLDivElement>(null);
  const isActive = feed.run.value?.completed_at === null;
  const found = search.found.value;
  useEffect(() => selection.arrive(), [version]);
  useEffect(() => selection.stay(), [rows]);
  useColumns(box, view === 'log', hasTimes, onColumns);
  const rest = useRef<ReturnType<typeof setTimeout>>(undefined);
  const onSeen = (first: number, last: number): void => {
    Object.assign(selection.seen, { first, last });
    clearTimeout(rest.current);
    rest.current = setTimeout(() => bringBack(model, rows, first, last), REST_MS);
  };
  useEffect(() => () => clearTimeout(rest.current), []);
  const row = (index: number): VNode => {
    const isOpen = isActive && index >= rows.count - OPEN_ROWS;
    const content = <RowView row={rows.at(index)} look={{ view, hasTimes, isOpen }} />;
    return has(found, index) ? <span class="hit">{content}</span> : content;
  };
  return (
    <div class="list-box" ref={box}>
      {rows.count === 0 ? (
        <p class="empty-list">{emptyText(model, view)}</p>
      ) : (
        <VirtualList
          label={view === 'log' ? 'Log' : view === 'all' ? 'All events' : 'Story'}
          version={version}
          count={rows.count}
          row={row}
          keyOf={(index) => rows.keyOf(index)}
          selected={selection.index()}
          onSelect={(index) => selection.select(index)}
          isFollowing={selection.isFollowing.value}
          onFollowing={(is) => (selection.isFollowing.value = is)}
          onSeen={onSeen}
          jump={selection.jump.value}
          before={rows.before}
        />
      )}
      <NewOnes model={model} selection={selection} />
    </div>
  );
}

function emptyText({ feed, coverage }: RunModel, view: View): string {
  if (feed.state.value.kind === 'opening' || feed.isFilling.value) return 'Reading…';
  if (coverage.value.head === 0) return 'Nothing was said yet.';
  return view === 'log' ? 'There are no log lines here.' : 'No event is of this type and agent.';
}

/** What came since the reader has left the end. */
function NewOnes({ model: { feed }, selection }: Pick<EventListProps, 'model' | 'selection'>): VNode | null {
  const left = useSignal(0);
  const isFollowing = selection.isFollowing.value;
  watches(feed.version);
  const { head } = feed.log;
  useEffect(() => {
    left.value = feed.log.head;
  }, [isFollowing]);
  if (isFollowing || left.value === 0 || head <= left.value) return null;
  return (
    <button type="button" class="new-ones" onClick={() => selection.toEnd()}>
      {counted(head - left.value, 'new event')} ↓
    </button>
  );
}

/** What is looked at stays, and what was let go of it comes back. */
function bringBack({ feed }: RunModel, rows: RowSource, first: number, last: number): void {
  const [from, to] = [rows.at(first), rows.at(last)].map((row) => (row ? sequenceOf(row) : 0));
  feed.log.pin({ from: from ?? 0, to: to ?? 0 });
  for (let index = first; index <= last; index++) {
    const row = rows.at(index);
    if (row?.kind !== 'away' || row.from !== row.to) continue;
    feed.fetchAt(row.from).catch(noteRefusal);
    return;
  }
}

function has(found: readonly number[], index: number): boolean {
  let [low, high] = [0, found.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const one = found[middle] ?? 0;
    if (one === index) return true;
    if (one < index) low = middle + 1;
    else high = middle - 1;
  }
  return false;
}

/** Of a line without its time and its sides. Nothing else needs it, and it makes the browser lay out the page at once. */
function useColumns(
  box: { current: HTMLDivElement | null },
  isLog: boolean,
  hasTimes: boolean,
  onColumns: (columns: number) => void,
): void {
  useEffect(() => {
    const element = box.current;
    if (!isLog || !element) return undefined;
    const look = (): void => {
      const pen = document.createElement('canvas').getContext('2d');
      if (!pen) return;
      const { fontFamily } = getComputedStyle(element.querySelector('.list') ?? element);
      const size = parseFloat(getComputedStyle(document.documentElement).fontSize) * 0.8125;
      pen.font = `${size}px ${fontFamily}`;
      const width = pen.measureText('0'.repeat(100)).width / 100;
      const taken = 48 + (hasTimes ? 14 * width : 0) + 4 * width;
      onColumns(Math.max(20, Math.floor((element.clientWidth - taken) / width)));
    };
    const observer = new ResizeObserver(look);
    observer.observe(element);
    look();
    return () => observer.disconnect();
  }, [isLog, hasTimes]);
}
