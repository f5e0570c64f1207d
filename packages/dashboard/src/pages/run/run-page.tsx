import { useComputed, useSignal } from '@preact/signals';
import { pageTitle } from '../../store/page-state.js';
import type { VNode } from 'preact';
import { useEffect, useLayoutEffect, useMemo } from 'preact/hooks';
import { Failure } from '../../parts/failure.js';
import { Text, visible } from '../../parts/text.js';
import { AskCancel, AskDelete, AskGate } from './ask.js';
import { Events } from './events.js';
import { Expired, Outcome } from './outcome.js';
import { RunHeader } from './run-header.js';
import { RunModel } from './run-model.js';
import { Selection } from './selection.js';
import { SentenceBar } from './sentence-bar.js';
import { signOf } from './status-sign.js';

type Asked = 'cancel' | 'delete' | 'approved' | 'rejected';

/** One run, live. */
export function Page({ id }: { id: string }): VNode {
  const tries = useSignal(0);
  const model = useMemo(() => new RunModel(id), [id, tries.value]);
  useLayoutEffect(() => {
    model.start();
    return () => model.stop();
  }, [model]);
  const selection = useMemo(() => new Selection(model), [model]);
  const asked = useSignal<Asked | undefined>(undefined);
  const { feed } = model;
  const run = feed.run.value;
  // Not the state itself: it changes often.
  const isDeleted = useComputed(() => feed.state.value.kind === 'deleted').value;
  const refusal = useComputed(() =>
    feed.state.value.kind === 'refused' ? feed.state.value.error : undefined,
  );
  const title = run ? `${signOf(run.status)} ${visible(run.task).slice(0, 80)} · Runstream` : undefined;
  useEffect(() => {
    pageTitle.value = title;
    return () => {
      pageTitle.value = undefined;
    };
  }, [title]);
  const refused = refusal.value && (
    <section class="refused">
      {refusal.value.code === 'RUN_NOT_FOUND' ? (
        <h1>
          There is no run <Text value={id} />
        </h1>
      ) : (
        <Failure what="The run can’t be shown" error={refusal.value} />
      )}
      <p class="buttons">
        <button type="button" onClick={() => tries.value++}>
          Try again
        </button>
        <a href="#/">All runs</a>
      </p>
    </section>
  );
  if (!run) return <section class="run">{refused ?? <p class="soft">opening…</p>}</section>;
  const close = (): void => {
    asked.value = undefined;
  };
  return (
    <section class="run">
      <RunHeader
        model={model}
        run={run}
        onGap={(from) => selection.goTo(from)}
        onCancel={() => (asked.value = 'cancel')}
        onDelete={() => (asked.value = 'delete')}
      />
      {refused}
      {isDeleted ? (
        <section class="expired">
          <h2>This run was deleted</h2>
          <p>
            It and its events are gone, for every reader. <a href="#/">All runs</a>
          </p>
        </section>
      ) : (
        <>
          <SentenceBar
            model={model}
            onCancel={() => (asked.value = 'cancel')}
            onGate={(action) => (asked.value = action)}
          />
          <Outcome run={run} />
          {feed.expired.value ? (
            <Expired run={run} />
          ) : (
            <Events model={model} selection={selection} onCancel={() => (asked.value = 'cancel')} />
          )}
        </>
      )}
      {asked.value === 'cancel' && run.completed_at === null && (
        <AskCancel feed={feed} run={run} onClose={close} />
      )}
      {asked.value === 'delete' && <AskDelete feed={feed} run={run} onClose={close} />}
      {(asked.value === 'approved' || asked.value === 'rejected') && (
        <AskGate run={run} action={asked.value} onClose={close} />
      )}
    </section>
  );
}
