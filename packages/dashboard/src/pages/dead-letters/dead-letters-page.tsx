import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { Failure } from '../../parts/failure.js';
import { count, counted } from '../../parts/format.js';
import { Needs } from '../../parts/needs.js';
import { sayOutcome } from '../../sentences/outcome.js';
import { place } from '../../service/router.js';
import { usePolled } from '../../store/polled.js';
import { AllOfGroup } from './all-of-group.js';
import { BunchView } from './bunch-view.js';
import { GroupFilter } from './group-filter.js';
import { LetterStore, MOST } from './letter-store.js';

const LOOK_MS = 5000;

/** What groups gave up, by why. */
export function Page(): VNode {
  const group = place.value.query.get('group') ?? undefined;
  return (
    <Needs scope="consumers:admin" title="Dead letters">
      <Letters key={group ?? ''} group={group} />
    </Needs>
  );
}

function Letters({ group }: { group: string | undefined }): VNode {
  const store = useMemo(() => new LetterStore(group), []);
  useEffect(() => {
    void store.load();
    return () => store.close();
  }, []);
  const newest = usePolled((signal) => store.peek(signal), LOOK_MS);
  const outcome = useSignal<{ said: string; trouble?: unknown } | undefined>(undefined);
  const said = useRef<HTMLParagraphElement>(null);
  const act = async (verb: 'Redriven' | 'Deleted', ids: readonly string[]): Promise<void> => {
    const of = await (verb === 'Redriven' ? store.redrive(ids) : store.delete(ids));
    outcome.value = { said: sayOutcome(verb, of), trouble: of.trouble };
  };
  useEffect(() => {
    // The button may be gone with its row: the keyboard goes on from what was said.
    if (outcome.value && document.activeElement === document.body) said.current?.focus();
  }, [outcome.value]);
  const letters = store.letters.value;
  const latest = newest.answer.value?.data;
  const isNew = letters !== undefined && latest !== undefined && latest !== store.newest;
  return (
    <section class="letters">
      <h1>
        Dead letters{' '}
        {letters && (
          <small class="soft">
            {count(letters.length)}
            {store.hasMore.value && ' newest'}
          </small>
        )}
      </h1>
      <div class="actions">
        <GroupFilter group={group} />
        {group !== undefined && letters !== undefined && letters.length > 0 && (
          <AllOfGroup
            group={group}
            onDone={(text) => {
              outcome.value = { said: text };
              void store.load();
            }}
          />
        )}
      </div>
      <p ref={said} role="status" tabIndex={-1} class="said">
        {outcome.value?.said}
      </p>
      <Failure error={outcome.value?.trouble} />
      <Failure error={store.error.value} what="Dead letters" />
      {isNew && (
        <p>
          <button type="button" onClick={() => void store.load()}>
            There are new ones: show them
          </button>
        </p>
      )}
      {letters?.length === 0 && (
        <p class="soft">
          {group === undefined
            ? 'No group has given anything up.'
            : `The group ${group} has given nothing up.`}
        </p>
      )}
      {store.bunches.value.map((bunch) => (
        <BunchView
          key={bunch.key}
          bunch={bunch}
          isWhole={!store.hasMore.value}
          onRedrive={(ids) => act('Redriven', ids)}
          onDelete={(ids) => act('Deleted', ids)}
        />
      ))}
      {letters && store.hasMore.value && <More store={store} held={letters.length} />}
    </section>
  );
}

function More({ store, held }: { store: LetterStore; held: number }): VNode {
  if (held >= MOST)
    return (
      <p class="soft">These are the {counted(held, 'newest dead letter')}: more are not shown at once.</p>
    );
  return (
    <p>
      <button type="button" onClick={() => void store.more()}>
        Show older ones
      </button>
    </p>
  );
}
