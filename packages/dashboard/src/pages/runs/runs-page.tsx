import { serviceNow } from '../../service/clock.js';
import { useComputed, useSignal, useSignalEffect } from '@preact/signals';
import type { VNode } from 'preact';
import { useLayoutEffect, useMemo } from 'preact/hooks';
import { useKeys } from '../../parts/keys.js';
import { lazy } from '../../parts/lazy.js';
import { place } from '../../service/router.js';
import { may } from '../../service/session.js';
import { executors, watchExecutors } from '../../store/executors.js';
import { pageState } from '../../store/page-state.js';
import { type ListState, RunsList } from '../../store/runs-list.js';
import { CountsLine } from './counts-line.js';
import { FilterBar } from './filter-bar.js';
import { filterOf, partsOf, queryOf } from './filter.js';
import { NoHits } from './no-hits.js';
import { NoRuns } from './no-runs.js';
import { RunsTable } from './runs-table.js';

const StartDialog = lazy(() => import('../start/start-dialog.js'));

const STATES = {
  opening: undefined,
  live: { sign: '●', text: 'live' },
  polling: { sign: '◔', text: 'polling: too many tabs of this browser are open' },
  hidden: { sign: '◔', text: 'paused while hidden' },
  reconnecting: { sign: '◌', text: 'reconnecting' },
} as const satisfies Record<ListState, unknown>;

/** All runs of the tenant, newest first, live. */
export function Page(): VNode {
  const list = useMemo(() => new RunsList(), []);
  const isStarting = useSignal(false);
  const filter = useComputed(() => filterOf(place.value.query));
  // The address may change without the filter.
  const asked = useComputed(() => JSON.stringify(filter.value));
  // Before anything is painted: what is asked for takes longer.
  useLayoutEffect(() => {
    const chosen = filter.peek();
    list.show(() => queryOf(chosen, serviceNow()));
  }, [list, asked.value]);
  useLayoutEffect(() => {
    const closing = new AbortController();
    void list.open();
    void watchExecutors(closing.signal).catch(() => undefined);
    return () => {
      list.close();
      closing.abort();
      pageState.value = undefined;
    };
  }, [list]);
  useSignalEffect(() => void (pageState.value = STATES[list.state.value]));
  const start = (): void => void (isStarting.value = true);
  useKeys('Runs', may('runs:write') ? [{ keys: 'n', does: 'Start a run', run: start }] : []);

  const rows = list.rows.value;
  const isFiltered = partsOf(filter.value).length > 0;
  const isEmpty = rows?.length === 0 && list.waiting.value === 0;
  const { value: trouble } = list.trouble;
  return (
    <section class="runs-page">
      <div class="heading">
        <h1>Runs</h1>
        <CountsLine list={list} />
        {may('runs:write') && (
          <button type="button" class="main" aria-keyshortcuts="n" onClick={start}>
            Start a run
          </button>
        )}
      </div>
      {(!isEmpty || isFiltered) && <FilterBar filter={filter.value} executors={executors.value} />}
      {trouble && (
        <p class="trouble" role="alert">
          {trouble.message}
          {trouble.requestId !== undefined && <span class="soft"> Request {trouble.requestId}</span>}
        </p>
      )}
      {rows === undefined && !trouble && <p class="soft loading">Loading…</p>}
      {isEmpty && !isFiltered && <NoRuns />}
      {isEmpty && isFiltered && <NoHits list={list} parts={partsOf(filter.value)} />}
      {rows !== undefined && !isEmpty && <RunsTable list={list} rows={rows} executors={executors.value} />}
      {isStarting.value && <StartDialog onClose={() => (isStarting.value = false)} />}
    </section>
  );
}
