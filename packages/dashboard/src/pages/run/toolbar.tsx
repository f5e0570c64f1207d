import type { Ref, VNode } from 'preact';
import { count } from '../../parts/format.js';
import { visible } from '../../parts/text.js';
import type { View } from '../../rows/tell.js';
import type { Filter, RunModel } from './run-model.js';

const VIEWS: readonly [View, string][] = [
  ['story', 'Story'],
  ['log', 'Log'],
  ['all', 'All events'],
];

export interface ToolbarProps {
  model: RunModel;
  filter: Filter;
  onFilter: (change: Partial<Filter>) => void;
  search: Ref<HTMLInputElement>;
  /** Which of the found rows is selected, counted from 1; 0: none. */
  nth: number;
  onFound: (by: 1 | -1) => void;
  hasTimes: boolean;
  onTimes: (has: boolean) => void;
  isWrapped: boolean;
  onWrapped: (is: boolean) => void;
  isFollowing: boolean;
  onFollow: (is: boolean) => void;
}

/** Which rows are shown, and how. */
export function Toolbar(props: ToolbarProps): VNode {
  const { model, filter, onFilter, hasTimes, onTimes, isWrapped, onWrapped, isFollowing, onFollow } = props;
  return (
    <div class="toolbar" role="group" aria-label="What is shown">
      <div class="views" role="group" aria-label="View">
        {VIEWS.map(([view, name]) => (
          <button
            key={view}
            type="button"
            aria-pressed={filter.view === view}
            onClick={() => onFilter({ view })}
          >
            {name}
          </button>
        ))}
      </div>
      {filter.view !== 'log' && (
        <Choice
          label="Type"
          all="all types"
          names={model.seen.types.value}
          value={filter.type}
          onChange={(type) => onFilter({ type })}
        />
      )}
      <Choice
        label="Agent"
        all="all agents"
        names={model.seen.agents.value}
        value={filter.agent}
        onChange={(agent) => onFilter({ agent })}
      />
      {filter.view === 'log' && (
        <>
          <button type="button" aria-pressed={hasTimes} onClick={() => onTimes(!hasTimes)}>
            Times
          </button>
          <button type="button" aria-pressed={isWrapped} onClick={() => onWrapped(!isWrapped)}>
            Wrap
          </button>
        </>
      )}
      <SearchField {...props} />
      <span class="space" />
      <button
        type="button"
        aria-pressed={isFollowing}
        aria-keyshortcuts="Shift+G End"
        onClick={() => onFollow(!isFollowing)}
      >
        ⤓ Follow
      </button>
    </div>
  );
}

interface ChoiceProps {
  label: string;
  all: string;
  names: readonly string[];
  value: string;
  onChange: (name: string) => void;
}

/** A choice of the address stays one, also when no event has it. */
function Choice({ label, all, names, value, onChange }: ChoiceProps): VNode {
  const known = value === '' || names.includes(value) ? names : [value, ...names];
  return (
    <select aria-label={label} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
      <option value="">{all}</option>
      {known.map((name) => (
        <option key={name} value={name}>
          {visible(name)}
        </option>
      ))}
    </select>
  );
}

function SearchField({ model, search: field, nth, onFound }: ToolbarProps): VNode {
  const { search } = model;
  const { log } = model.feed;
  const found = search.found.value.length;
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === 'Enter') {
      event.preventDefault();
      onFound(event.shiftKey ? -1 : 1);
    } else if (event.key === 'Escape') {
      search.set('');
      (event.target as HTMLElement).blur();
    }
  };
  return (
    <span class="search" role="search">
      <input
        ref={field}
        type="search"
        placeholder="search  /"
        aria-label="Search events"
        aria-keyshortcuts="/"
        value={search.text.value}
        onInput={(event) => search.set(event.currentTarget.value)}
        onKeyDown={onKey}
      />
      {search.text.value !== '' && (
        <>
          <span role="status" class="found">
            {!search.isDone.value && found === 0
              ? 'searching…'
              : found === 0
                ? 'not found'
                : nth === 0
                  ? `${count(found)} found`
                  : `${count(nth)} of ${count(found)}`}
            {log.keptFrom > (log.held.first ?? 1) && ` in the newest ${count(log.head - log.keptFrom + 1)}`}
          </span>
          <button
            type="button"
            aria-label="Previous match"
            disabled={found === 0}
            onClick={() => onFound(-1)}
          >
            ↑
          </button>
          <button type="button" aria-label="Next match" disabled={found === 0} onClick={() => onFound(1)}>
            ↓
          </button>
        </>
      )}
    </span>
  );
}
