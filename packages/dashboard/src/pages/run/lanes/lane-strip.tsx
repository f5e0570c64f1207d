import type { VNode } from 'preact';
import { useMemo } from 'preact/hooks';
import { clock, counted, duration } from '../../../parts/format.js';
import { Text } from '../../../parts/text.js';
import type { RunModel } from '../run-model.js';
import type { Selection } from '../selection.js';
import type { Lane } from './lane.js';
import type { Lanes } from './lanes.js';
import { gapMarks, LANE_UNITS, marksOf, silentMarks } from './marks.js';
import { TimeSlider } from './time-slider.js';

export interface LaneStripProps {
  model: RunModel;
  selection: Selection;
}

interface NamedLane {
  name: string;
  lane: Lane;
}

/** Who spoke when, at a glance: a lane for each agent. It is a way to any time of the run, by mouse and by keys. */
export function LaneStrip({ model, selection }: LaneStripProps): VNode | null {
  const { lanes, coverage } = model;
  const version = lanes.version.value;
  const { missing } = coverage.value;
  const named = useMemo(() => namedLanes(lanes), [version]);
  const height = named.length * LANE_UNITS;
  const marks = useMemo(() => {
    const most = Math.max(
      1,
      ...named.flatMap(({ lane }) => [...lane.buckets.values()].map(({ count }) => count)),
    );
    return named.map(({ lane }) => marksOf(lane, lanes, most));
  }, [named]);
  const gaps = useMemo(() => gapMarks(lanes, missing, height), [named, missing]);
  // A moment has no course.
  if (lanes.to <= lanes.from) return null;
  const span = lanes.to - lanes.from + 1;
  return (
    <section class="lanes" aria-label="Agents over time">
      <ul class="lane-names">
        {named.map(({ name, lane }) => (
          <li key={name} title={aboutLane(lane)}>
            <Text value={name} />
            <span class="unseen">: {aboutLane(lane)}</span>
          </li>
        ))}
      </ul>
      <TimeSlider model={model} selection={selection} lanes={named.map(({ lane }) => lane)}>
        <svg
          aria-hidden="true"
          viewBox={`0 0 ${span} ${height}`}
          preserveAspectRatio="none"
          height={named.length * 16}
        >
          <path class="silent" d={silentMarks(lanes, height)} />
          {marks.map(({ said, errors }, at) => (
            <g key={at} transform={`translate(0 ${at * LANE_UNITS})`}>
              <path class="said" d={said} />
              <path class="error" d={errors} />
            </g>
          ))}
          <path class="gap" d={gaps} />
        </svg>
      </TimeSlider>
      <p class="lane-legend">{legend(lanes, missing.length)}</p>
    </section>
  );
}

function namedLanes({ ofRun, ofAgents, ofOthers }: Lanes): NamedLane[] {
  return [
    ...(ofRun ? [{ name: 'the run', lane: ofRun }] : []),
    ...ofAgents.map((lane) => ({ name: lane.agent ?? '', lane })),
    ...(ofOthers ? [{ name: counted(ofOthers.count, 'other'), lane: ofOthers.lane }] : []),
  ];
}

function aboutLane({ count, errors, firstMs, lastMs }: Lane): string {
  const wrong = errors > 0 ? `, ${counted(errors, 'error')}` : '';
  return `${counted(count, 'event')} from ${clock(firstMs)} to ${clock(lastMs)}${wrong}`;
}

/** What the marks are, in words. */
function legend({ all, silences }: Lanes, gaps: number): string {
  const longest = Math.max(0, ...silences.map(({ fromMs, toMs }) => toMs - fromMs));
  return [
    `${clock(all.firstMs)} – ${clock(all.lastMs)}`,
    gaps > 0 && `▲ ${counted(gaps, 'gap')}`,
    all.errors > 0 && `✕ ${counted(all.errors, 'error')}`,
    silences.length > 0 && `▭ ${counted(silences.length, 'silence')}, the longest ${duration(longest)}`,
  ]
    .filter(Boolean)
    .join(' · ');
}
