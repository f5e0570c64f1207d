import type { ComponentChildren, TargetedKeyboardEvent, TargetedMouseEvent, VNode } from 'preact';
import { clock, counted } from '../../../parts/format.js';
import { watches } from '../../../parts/watches.js';
import type { RunModel } from '../run-model.js';
import type { Selection } from '../selection.js';
import type { Bucket, Lane } from './lane.js';

export interface TimeSliderProps {
  model: RunModel;
  selection: Selection;
  /** From above. */
  lanes: readonly Lane[];
  children: ComponentChildren;
}

/** The time of the run: where the selected event is, and a way to another one. */
export function TimeSlider({ model, selection, lanes, children }: TimeSliderProps): VNode {
  const all = model.lanes;
  watches(all.version);
  const span = all.to - all.from + 1;
  const at = cursorOf(model, selection);
  const here = all.all.buckets.get(at);
  const goTo = (bucket: Bucket | undefined): void => {
    if (bucket) selection.goTo(bucket.error ?? bucket.first);
  };
  const click = (event: TargetedMouseEvent<HTMLElement>): void => {
    const { left, top, width, height } = event.currentTarget.getBoundingClientRect();
    const lane = lanes[Math.floor(((event.clientY - top) / height) * lanes.length)];
    goTo(lane?.nearest(all.from + Math.floor(((event.clientX - left) / width) * span)));
  };
  const press = (event: TargetedKeyboardEvent<HTMLElement>): void => {
    const to = target(event.key, at, [...all.all.buckets.keys()]);
    if (to === undefined) return;
    event.preventDefault();
    goTo(all.all.buckets.get(to));
  };
  return (
    <div
      class="lane-times"
      role="slider"
      tabIndex={0}
      aria-label="Time of the selected event"
      aria-orientation="horizontal"
      aria-valuemin={1}
      aria-valuemax={span}
      aria-valuenow={at - all.from + 1}
      aria-valuetext={`${clock(at * all.bucketMs)}, ${counted(here?.count ?? 0, 'event')}`}
      onClick={click}
      onKeyDown={press}
    >
      {children}
      <svg aria-hidden="true" class="lane-cursor" viewBox={`0 0 ${span} 1`} preserveAspectRatio="none">
        <path d={`M${at - all.from + 0.5} 0v1`} />
      </svg>
    </div>
  );
}

/** The piece of time that the reader is in: the last one while nothing is selected. */
function cursorOf({ feed, lanes }: RunModel, selection: Selection): number {
  const sequence = selection.sequence.value;
  const event = sequence === undefined ? undefined : feed.log.at(sequence);
  if (!event) return lanes.to;
  return Math.min(lanes.to, Math.max(lanes.from, lanes.indexAt(Date.parse(event.timestamp))));
}

/** Where a key leads: to the next piece of time with something in it. Undefined for keys of others. */
function target(key: string, at: number, indexes: readonly number[]): number | undefined {
  switch (key) {
    case 'ArrowLeft':
      return Math.max(...indexes.filter((index) => index < at), Math.min(...indexes));
    case 'ArrowRight':
      return Math.min(...indexes.filter((index) => index > at), Math.max(...indexes));
    case 'Home':
      return Math.min(...indexes);
    case 'End':
      return Math.max(...indexes);
    default:
      return undefined;
  }
}
