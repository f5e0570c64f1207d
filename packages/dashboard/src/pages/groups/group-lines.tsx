import type { VNode } from 'preact';
import { now as clock } from '../../store/now.js';
import { count } from '../../parts/format.js';
import { Text } from '../../parts/text.js';
import { type GroupFacts, inOf } from '../../sentences/group-facts.js';
import { perSecond, sentencesOf } from '../../sentences/group-sentences.js';
import { stateOf } from '../../sentences/group-state.js';
import { href } from '../../service/router.js';
import { LagAge, LagText } from './lag-text.js';
import { SentenceText } from './sentence-text.js';
import { StateMark } from './state-mark.js';

const SENTENCES = 2;
const COLUMNS = ['Lag', 'Oldest', 'In', 'Out', 'Pending', 'Retries', 'Dead', 'Consumers'] as const;

/** A line for each group, and below it why it is as it is. */
export function GroupLines({ groups }: { groups: readonly GroupFacts[] }): VNode {
  return (
    <table class="lines">
      <thead>
        <tr>
          <th scope="col">Group</th>
          <th scope="col">State</th>
          {COLUMNS.map((name) => (
            <th key={name} scope="col" class="number">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      {groups.map((facts) => (
        <Line key={facts.group.group} facts={facts} />
      ))}
    </table>
  );
}

function Line({ facts }: { facts: GroupFacts }): VNode {
  const now = clock.value;
  const { group, out } = facts;
  const into = inOf(facts);
  const cells: readonly (VNode | string)[] = [
    <LagText facts={facts} />,
    <LagAge facts={facts} />,
    into === undefined ? '–' : perSecond(into),
    out === undefined ? '–' : perSecond(out),
    count(group.pending),
    count(group.delayed_retries),
    group.dead_letters === 0 ? (
      '0'
    ) : (
      <a href={href(['dead-letters'], { group: group.group })}>{count(group.dead_letters)}</a>
    ),
    count(group.members.length),
  ];
  return (
    <tbody>
      <tr>
        <th scope="row">
          <a href={href(['groups', group.group])}>
            <Text value={group.group} />
          </a>
        </th>
        <td>
          <StateMark state={stateOf(facts)} />
        </td>
        {cells.map((cell, index) => (
          <td
            key={COLUMNS[index]}
            class={cell === '0' || cell === '–' ? 'number nothing' : 'number'}
            data-label={COLUMNS[index]}
          >
            {cell}
          </td>
        ))}
      </tr>
      <tr class="why">
        <td colSpan={2 + COLUMNS.length}>
          {sentencesOf(facts, now)
            .slice(0, SENTENCES)
            .map((sentence, index) => (
              <span key={index}>
                {index > 0 && ' '}
                <SentenceText sentence={sentence} />
              </span>
            ))}
        </td>
      </tr>
    </tbody>
  );
}
