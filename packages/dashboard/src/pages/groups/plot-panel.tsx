import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Failure } from '../../parts/failure.js';
import { clock } from '../../parts/format.js';
import { Text } from '../../parts/text.js';
import type { Drawing } from '../../plot/draw.js';
import { CHARTS, sayAll } from '../../plot/lines.js';
import type { GroupOverview, GroupSample } from '../../sentences/group-facts.js';
import { session } from '../../service/session.js';

export interface PlotPanelProps {
  overview: GroupOverview;
  /** Of groups that could be shown instead. */
  names?: readonly string[];
  onName?: (name: string) => void;
}

/** The last hour of a group, drawn and as a table. */
export function PlotPanel({ overview, names = [], onName }: PlotPanelProps): VNode {
  const { group, samples } = overview;
  return (
    <section aria-labelledby="hour" class="hour">
      <h2 id="hour">
        The last hour{names.length > 1 ? ' of ' : ''}
        {names.length > 1 && (
          <select
            aria-label="Group that is drawn"
            value={group}
            onChange={(event) => onName?.(event.currentTarget.value)}
          >
            {names.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        )}
        {session.value?.tenants === 'header' && <small class="soft"> in all tenants together</small>}
      </h2>
      {samples.length < 2 ? (
        <p class="soft">
          One number a minute is kept while a process handles it: a line is drawn once there are two.
        </p>
      ) : (
        <Plots key={group} group={group} samples={samples} />
      )}
      {samples.length > 0 && <SampleTable samples={samples} />}
    </section>
  );
}

function Plots({ group, samples }: { group: string; samples: readonly GroupSample[] }): VNode {
  const place = useRef<HTMLDivElement>(null);
  const drawing = useRef<Drawing>(undefined);
  const latest = useRef(samples);
  const pointed = useSignal<number | undefined>(undefined);
  const trouble = useSignal<unknown>(undefined);
  latest.current = samples;
  useEffect(() => {
    let isGone = false;
    import('../../plot/draw.js').then(
      ({ draw }) => {
        if (isGone || !place.current) return;
        drawing.current = draw(place.current, latest.current, (at) => (pointed.value = at));
      },
      () => (trouble.value = new Error('The plot did not come. Load the page again.')),
    );
    return () => {
      isGone = true;
      drawing.current?.destroy();
    };
  }, []);
  const last = samples.at(-1);
  useEffect(() => drawing.current?.update(samples), [last?.at]);
  const at = pointed.value;
  const shown = at === undefined ? last : samples.find((sample) => Date.parse(sample.at) === at);
  return (
    <>
      <Failure error={trouble.value} />
      <p class="key">
        {CHARTS.flatMap(({ lines }) => lines).map(({ label }) => (
          <span key={label} class={`key-${label}`}>
            {label}
          </span>
        ))}
        <output class="soft">{shown ? sayAll(shown) : ''}</output>
      </p>
      <div
        ref={place}
        class="plots"
        role="img"
        aria-label={`Lag, age and rates of ${group}: the table below`}
      />
    </>
  );
}

/** For those who can't see a plot, or want its numbers. */
function SampleTable({ samples }: { samples: readonly GroupSample[] }): VNode {
  const lines = CHARTS.flatMap(({ lines: of, say }) => of.map((line) => ({ ...line, say })));
  return (
    <details>
      <summary>As a table</summary>
      <table class="lines samples">
        <thead>
          <tr>
            <th scope="col">At</th>
            {lines.map(({ label }) => (
              <th key={label} scope="col" class="number">
                <Text value={label} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {samples.toReversed().map((sample) => (
            <tr key={sample.at}>
              <th scope="row">{clock(sample.at).slice(0, 5)}</th>
              {lines.map(({ label, of, say }) => (
                <td key={label} class="number" data-label={label}>
                  {say(of(sample))}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
