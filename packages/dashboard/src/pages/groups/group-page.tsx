import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useMemo } from 'preact/hooks';
import { now as clock } from '../../store/now.js';
import { Failure } from '../../parts/failure.js';
import { Text } from '../../parts/text.js';
import type { GroupFacts } from '../../sentences/group-facts.js';
import { sentencesOf } from '../../sentences/group-sentences.js';
import { stateOf } from '../../sentences/group-state.js';
import { client } from '../../service/client.js';
import { href } from '../../service/router.js';
import { usePolled } from '../../store/polled.js';
import { DeadOfGroup } from './dead-of-group.js';
import { GroupActions } from './group-actions.js';
import { GroupNumbers } from './group-numbers.js';
import { GroupsSource } from './groups-source.js';
import { MembersTable } from './members-table.js';
import { PendingTable } from './pending-table.js';
import { PlotPanel } from './plot-panel.js';
import { SentenceText } from './sentence-text.js';
import { StateMark } from './state-mark.js';

const REFRESH_MS = 5000;
const FIRST_PENDING = 50;
const MOST_PENDING = 1000;
const DEAD = 10;

/** One group: what it hangs on, who handles it, and what can be done. */
export function GroupPage({ name }: { name: string }): VNode {
  const source = useMemo(() => new GroupsSource(), []);
  const limit = useSignal(FIRST_PENDING);
  const polled = usePolled(async (signal) => {
    const [views, pending, dead] = await Promise.all([
      source.load(signal),
      client.consumers.pending(name, { limit: limit.value }, { signal }),
      client.deadLetters.list({ group: name, limit: DEAD }, { signal }),
    ]);
    return { view: views.find(({ group }) => group.group === name), pending, dead };
  }, REFRESH_MS);
  const { view, pending, dead } = polled.answer.value?.data ?? {};
  const at = polled.answer.value?.at ?? 0;
  const facts = view && pending && { ...view, pending: pending.pending, at };
  const more = (): void => {
    limit.value = MOST_PENDING;
    polled.refresh();
  };
  return (
    <section class="groups">
      <p class="way">
        <a href={href(['groups'])}>‹ Groups</a>
      </p>
      <h1>
        <Text value={name} /> {facts && <StateMark state={stateOf(facts)} />}
      </h1>
      <Failure error={polled.error.value} what={facts ? 'Not up to date' : 'Group'} />
      {facts && dead && (
        <>
          <Why facts={facts} />
          <GroupActions group={facts.group} onDone={() => polled.refresh()} />
          <GroupNumbers facts={facts} />
          <PendingTable page={pending} at={at} {...(limit.value < MOST_PENDING && { onMore: more })} />
          <MembersTable group={facts.group} at={at} />
          <DeadOfGroup group={facts.group} letters={dead.dead_letters} />
          {facts.overview && <PlotPanel overview={facts.overview} />}
        </>
      )}
    </section>
  );
}

function Why({ facts }: { facts: GroupFacts }): VNode {
  const now = clock.value;
  return (
    <ul class="reasons">
      {sentencesOf(facts, now).map((sentence, index) => (
        <li key={index}>
          <SentenceText sentence={sentence} />
        </li>
      ))}
    </ul>
  );
}
