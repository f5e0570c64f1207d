import type { VNode } from 'preact';
import { Age } from '../../parts/ago.js';
import { count } from '../../parts/format.js';
import type { GroupFacts } from '../../sentences/group-facts.js';
import { perSecond } from '../../sentences/group-sentences.js';
import { STEADY } from '../../sentences/group-state.js';

/** How many events were not given out, and where that goes: `1 204 ↗ 18/s`. */
export function LagText({ facts }: { facts: GroupFacts }): VNode {
  const { group, growth } = facts;
  if (growth === undefined || (group.lag === 0 && growth <= STEADY)) return <>{count(group.lag)}</>;
  const [sign, word] =
    growth >= STEADY ? ['↗', 'grows'] : growth <= -STEADY ? ['↘', 'shrinks'] : ['→', 'steady'];
  const rate = sign === '→' ? '' : perSecond(Math.abs(growth));
  return (
    <>
      {count(group.lag)}{' '}
      <span class={`trend ${word}`} title={`${word} ${rate}`}>
        <span aria-hidden="true">{sign}</span>
        <span class="unseen"> {word} </span>
        {rate}
      </span>
    </>
  );
}

/** Since the oldest event came that has no outcome. */
export function LagAge({ facts: { group, at } }: { facts: GroupFacts }): VNode {
  return group.lag_ms === 0 ? <span class="soft">–</span> : <Age since={at - group.lag_ms} />;
}
