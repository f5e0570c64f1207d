import type { ComponentChildren, VNode } from 'preact';
import { Ago } from '../../parts/ago.js';
import { count } from '../../parts/format.js';
import { Text } from '../../parts/text.js';
import { type GroupFacts, inOf } from '../../sentences/group-facts.js';
import { perSecond } from '../../sentences/group-sentences.js';
import { LagAge, LagText } from './lag-text.js';

/** What is counted of a group. */
export function GroupNumbers({ facts }: { facts: GroupFacts }): VNode {
  const { group, out } = facts;
  const into = inOf(facts);
  const { last_recovery: recovery } = group;
  const handlers = group.handlers.length === 0 ? 'nobody known' : group.handlers.join(', ');
  return (
    <dl class="numbers">
      <Number name="Lag">
        <LagText facts={facts} />
      </Number>
      <Number name="Oldest">
        <LagAge facts={facts} />
      </Number>
      <Number name="In">{into === undefined ? '–' : perSecond(into)}</Number>
      <Number name="Out">{out === undefined ? '–' : perSecond(out)}</Number>
      <Number name="Pending">{count(group.pending)}</Number>
      <Number name="Retries">{count(group.delayed_retries)}</Number>
      <Number name="Dead letters">{count(group.dead_letters)}</Number>
      <Number name="Handler">
        <Text value={handlers} />
      </Number>
      <Number name="Types">
        <Text value={group.types === null ? 'all' : group.types.join(', ')} />
      </Number>
      {recovery && (
        <Number name="Last recovery">
          <Ago at={recovery.at} />: {count(recovery.claimed)} taken over, {count(recovery.processed)} handled,{' '}
          {count(recovery.skipped)} skipped, {count(recovery.failed)} failed
        </Number>
      )}
    </dl>
  );
}

function Number({ name, children }: { name: string; children: ComponentChildren }): VNode {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
