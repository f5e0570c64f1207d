import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { count, counted } from '../../parts/format.js';
import { useKeys } from '../../parts/keys.js';
import { MAX_ROWS, type RunItem, type RunsList } from '../../store/runs-list.js';
import type { Executor } from './last-said.js';
import { LookFurther } from './no-hits.js';
import { RunRow } from './run-row.js';

const COLUMNS = [
  ['stands', 'Status'],
  ['task', 'Task'],
  ['executor', 'Executor'],
  ['took', 'Duration'],
  ['events', 'Events'],
  ['said', 'Last'],
] as const;

interface RunsTableProps {
  list: RunsList;
  rows: readonly RunItem[];
  executors: readonly Executor[] | undefined;
}

export function RunsTable({ list, rows, executors }: RunsTableProps): VNode {
  const box = useRef<HTMLDivElement>(null);
  const points = useRef({ pointer: false, focus: false });
  const hold = (change: Partial<typeof points.current>): void => {
    Object.assign(points.current, change);
    list.hold(points.current.pointer || points.current.focus);
  };
  useEffect(() => () => list.hold(false), [list]);
  const step = (by: number): void => {
    const links = [...(box.current?.querySelectorAll<HTMLElement>('tbody a') ?? [])];
    const at = links.findIndex((link) => link === document.activeElement);
    links[Math.max(0, Math.min(links.length - 1, at + by))]?.focus();
  };
  useKeys('Runs', [
    { keys: 'j', does: 'Next run', run: () => step(1) },
    { keys: 'k', does: 'Previous run', run: () => step(-1) },
    // A link knows what to do with it.
    { keys: 'Enter', does: 'Open the run', run: () => undefined },
  ]);
  const { value: waiting } = list.waiting;
  const showWaiting = (): void => {
    list.showWaiting();
    box.current?.scrollTo({ top: 0 });
  };
  return (
    <div
      class="runs"
      onPointerEnter={(event) => hold({ pointer: event.pointerType === 'mouse' })}
      onPointerLeave={() => hold({ pointer: false })}
    >
      <div class="waiting" role="status">
        {waiting > 0 && (
          <button type="button" onClick={showWaiting}>
            {counted(waiting, 'new run')} <span aria-hidden="true">↑</span>
          </button>
        )}
      </div>
      <div
        ref={box}
        class="table"
        onFocusIn={() => hold({ focus: true })}
        onFocusOut={(event) =>
          hold({ focus: box.current?.contains(event.relatedTarget as Node | null) ?? false })
        }
      >
        <table role="table" aria-label="Runs">
          <thead role="rowgroup">
            <tr role="row">
              {COLUMNS.map(([name, text]) => (
                <th key={name} role="columnheader" scope="col" class={name}>
                  {text}
                </th>
              ))}
            </tr>
          </thead>
          <tbody role="rowgroup">
            {rows.map((run) => (
              <RunRow key={run.id} run={run} executors={executors} />
            ))}
          </tbody>
        </table>
        <Below list={list} rows={rows.length} />
      </div>
    </div>
  );
}

/** More when its end is seen; otherwise what there is to say of the end. */
function Below({ list, rows }: { list: RunsList; rows: number }): VNode | null {
  const end = useRef<HTMLDivElement>(null);
  const isFull = rows >= MAX_ROWS;
  const goesOn = list.hasMore.value && !list.isPartial.value && !isFull;
  useEffect(() => {
    const element = end.current;
    if (!goesOn || !element) return;
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && void list.readMore(), {
      rootMargin: '400px',
    });
    observer.observe(element);
    return () => observer.disconnect();
    // Looked at anew after each page: its end may be seen again at once.
  }, [goesOn, rows]);
  if (isFull) return <p class="further">These are the newest {count(rows)} of them. Filter to see others.</p>;
  if (list.isPartial.value) return <LookFurther list={list} />;
  if (!goesOn) return null;
  return (
    <div ref={end} class="further soft">
      Loading…
    </div>
  );
}
