import type { VNode } from 'preact';
import type { GroupState } from '../../sentences/group-state.js';

const SIGNS: Readonly<Record<GroupState, string>> = {
  stuck: '✕',
  behind: '▲',
  paused: '‖',
  quiet: '○',
  fine: '●',
};

/** A sign and a word: never colour alone. */
export function StateMark({ state }: { state: GroupState }): VNode {
  return (
    <span class={`mark ${state}`}>
      <span aria-hidden="true">{SIGNS[state]}</span> {state}
    </span>
  );
}
