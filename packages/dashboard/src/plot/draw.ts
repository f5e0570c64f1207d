import uPlot from 'uplot';
import type { GroupSample } from '../sentences/group-facts.js';
import { clock } from '../parts/format.js';
import { theme } from '../store/theme.js';
import { type Chart, CHARTS, columnsOf } from './lines.js';

const HEIGHT_PX = 110;
const AXIS_PX = 64;
const HOUR_S = 3600;

export interface Drawing {
  update(samples: readonly GroupSample[]): void;
  destroy(): void;
}

/**
 * Draws the charts one below the other, as wide as the place is.
 *
 * @param onPoint the time that the pointer is at, in ms; undefined when it has left
 */
export function draw(
  place: HTMLElement,
  given: readonly GroupSample[],
  onPoint: (at: number | undefined) => void,
): Drawing {
  let samples = given;
  let plots: uPlot[] = [];
  const build = (): void => {
    for (const plot of plots) plot.destroy();
    place.replaceChildren();
    plots = CHARTS.map((chart) => {
      const title = document.createElement('p');
      title.textContent = chart.title;
      place.append(title);
      return new uPlot(optionsOf(chart, place, onPoint), dataOf(chart, samples), place);
    });
  };
  const update = (next: readonly GroupSample[]): void => {
    samples = next;
    plots.forEach((plot, index) => {
      const chart = CHARTS[index];
      if (chart) plot.setData(dataOf(chart, samples));
    });
  };
  const resized = new ResizeObserver(() => {
    for (const plot of plots) plot.setSize({ width: place.clientWidth, height: HEIGHT_PX });
  });
  const scheme = matchMedia('(prefers-color-scheme: dark)');
  const forget = theme.subscribe(build);
  resized.observe(place);
  scheme.addEventListener('change', build);
  return {
    update,
    destroy: () => {
      resized.disconnect();
      scheme.removeEventListener('change', build);
      forget();
      for (const plot of plots) plot.destroy();
    },
  };
}

/** As a canvas takes it: a custom property itself may be light-dark(). */
function colourOf(place: HTMLElement, name: string): string {
  place.style.color = `var(${name})`;
  const { color } = getComputedStyle(place);
  place.style.color = '';
  return color;
}

function dataOf({ lines }: Chart, samples: readonly GroupSample[]): uPlot.AlignedData {
  const { times, rows } = columnsOf(samples, lines);
  return [times, ...rows];
}

function optionsOf(
  { lines, say }: Chart,
  place: HTMLElement,
  onPoint: (at: number | undefined) => void,
): uPlot.Options {
  const colour = (name: string): string => colourOf(place, name);
  const axis = { stroke: colour('--soft'), font: `11px ${getComputedStyle(place).fontFamily}` };
  const faint = { stroke: colour('--line'), width: 1 };
  return {
    width: place.clientWidth,
    height: HEIGHT_PX,
    legend: { show: false },
    cursor: { sync: { key: 'groups' }, drag: { x: false, y: false }, y: false },
    scales: {
      x: { range: (_plot, _from, to) => [to - HOUR_S, to] },
      y: { range: (_plot, _from, to) => [0, Math.max(1, to) * 1.1] },
    },
    axes: [
      { ...axis, grid: faint, ticks: { show: false }, size: 22, values: (_plot, at) => at.map(minute) },
      {
        ...axis,
        grid: faint,
        ticks: { show: false },
        size: AXIS_PX,
        space: 28,
        values: (_plot, values) => values.map(say),
      },
    ],
    series: [
      {},
      ...lines.map((line) => ({
        label: line.label,
        stroke: colour(line.colour),
        width: 1.5,
        points: { show: false },
        ...(line.dash && { dash: line.dash }),
      })),
    ],
    hooks: {
      setCursor: [
        ({ cursor, data }) => {
          const at = cursor.idx == null ? undefined : data[0][cursor.idx];
          onPoint(at === undefined ? undefined : at * 1000);
        },
      ],
    },
  };
}

function minute(at: number): string {
  return clock(at * 1000).slice(0, 5);
}
