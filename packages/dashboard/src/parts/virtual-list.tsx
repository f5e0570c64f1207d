import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

export const ROW_PX = 24;
/** Browsers end an element at some 33 million pixels. */
const MAX_PX = 15_000_000;
const AROUND = 10;
/** How near to its end a list counts as being at it. */
const END_PX = 4;

export interface VirtualListProps {
  label: string;
  /** Another one when rows have changed. */
  version: number;
  count: number;
  /** What the row of this index shows. It is called for rows that are seen, and for a few around them. */
  row: (index: number) => ComponentChildren;
  /** Stays what it is while rows come before or after it. */
  keyOf: (index: number) => string | number;
  selected?: number | undefined;
  onSelect?: (index: number) => void;
  /** Whether new rows at the end are shown as they come. */
  isFollowing: boolean;
  /** The reader has left the end, or come back to it. */
  onFollowing: (isFollowing: boolean) => void;
  /** First and last index that are seen. */
  onSeen?: (first: number, last: number) => void;
  /** Where to begin; undefined: where it is. Each new object moves it once. */
  jump?: { index: number } | undefined;
  /** How many rows are before one that stays: when more come before it, what is seen stays where it is. Default: 0. */
  before?: number;
}

/**
 * Rows of one height, of which those exist that are seen: as fast with 100 000 as with ten. What is shown is computed
 * from where the list stands; no row is ever measured.
 */
export function VirtualList(props: VirtualListProps): VNode {
  const {
    label,
    count,
    row,
    keyOf,
    selected,
    onSelect,
    isFollowing,
    onFollowing,
    onSeen,
    jump,
    before = 0,
  } = props;
  const box = useRef<HTMLDivElement>(null);
  const [height, setHeight] = useState(600);
  const top = useRef(0);
  const [, drawAt] = useState(0);
  const full = count * ROW_PX;
  const length = Math.min(full, MAX_PX);
  // Above the limit a pixel of the bar is more than one of the rows.
  const scale = length > height ? (full - height) / (length - height) : 1;
  const shownTop = isFollowing ? Math.max(0, length - height) : top.current;
  const offset = Math.min(shownTop * scale, Math.max(0, full - height));
  const first = Math.max(0, Math.floor(offset / ROW_PX) - AROUND);
  const last = Math.min(count - 1, Math.ceil((offset + height) / ROW_PX) + AROUND);
  // More than are ever there at once. A row that goes leaves its element to one that comes: making one costs far more.
  const elements = Math.ceil(height / ROW_PX) + 2 * AROUND + 2;

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const observer = new ResizeObserver(([entry]) => entry && setHeight(entry.contentRect.height));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => {
    if (isFollowing && box.current) box.current.scrollTop = length;
  }, [isFollowing, length, height]);
  // What the list does itself is told to `top` at once: a scroll event then is the reader's.
  const scrollTo = (to: number): void => {
    if (!box.current) return;
    box.current.scrollTop = to;
    top.current = box.current.scrollTop;
    drawAt(top.current);
  };
  const wasBefore = useRef(before);
  useLayoutEffect(() => {
    const more = before - wasBefore.current;
    wasBefore.current = before;
    if (more !== 0 && !isFollowing) scrollTo((box.current?.scrollTop ?? 0) + (more * ROW_PX) / scale);
  }, [before]);
  useLayoutEffect(() => {
    if (jump) scrollTo((jump.index * ROW_PX - height / 2) / scale);
  }, [jump]);
  useEffect(() => onSeen?.(first, last), [first, last]);

  const onScroll = (): void => {
    const element = box.current;
    if (!element) return;
    const { scrollTop } = element;
    const wasTop = top.current;
    top.current = scrollTop;
    const isAtEnd = scrollTop + height >= length - END_PX;
    // Rows that came meanwhile are not the reader's doing: only who goes up has left the end.
    const hasTurned = isFollowing ? scrollTop < wasTop - END_PX && !isAtEnd : isAtEnd && scrollTop > wasTop;
    if (hasTurned) onFollowing(!isFollowing);
    // Who follows sees the end, wherever that is now.
    if (hasTurned || !isFollowing) drawAt(scrollTop);
  };
  const rows = [];
  for (let index = first; index <= last; index++) {
    rows.push(
      <div
        key={(index - before) % elements}
        id={`row-${keyOf(index)}`}
        class={index === selected ? 'row selected' : 'row'}
        role="row"
        aria-rowindex={index + 1}
        aria-selected={index === selected}
        style={{ top: `${index * ROW_PX - offset + shownTop}px` }}
        onClick={() => onSelect?.(index)}
      >
        <div class="cell" role="gridcell">
          {row(index)}
        </div>
      </div>,
    );
  }
  return (
    <div
      ref={box}
      class="list"
      role="grid"
      aria-label={label}
      aria-rowcount={count}
      aria-activedescendant={
        selected === undefined || selected < first || selected > last ? undefined : `row-${keyOf(selected)}`
      }
      tabIndex={0}
      onScroll={onScroll}
    >
      <div class="rows" role="presentation" style={{ height: `${length}px` }}>
        {rows}
      </div>
    </div>
  );
}
