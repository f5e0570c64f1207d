import { useSignal } from '@preact/signals';
import type { RefObject, TargetedKeyboardEvent, VNode } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { useKeys } from '../../parts/keys.js';
import { note } from '../../service/router.js';
import { addressOf, type Filter, partsOf, type Status, STATUSES, TIMES } from './filter.js';
import type { Executor } from './last-said.js';

const TYPING_MS = 300;

interface FilterBarProps {
  filter: Filter;
  executors: readonly Executor[] | undefined;
}

const show = (filter: Filter): void => note(addressOf(filter));

/** Which runs are shown. All of it stands in the address. */
export function FilterBar({ filter, executors }: FilterBarProps): VNode {
  const opened = useSignal<'by hand' | 'by key' | undefined>(undefined);
  const search = useRef<HTMLInputElement>(null);
  useKeys('Runs', [
    {
      keys: '/',
      does: 'Search tasks',
      run: () => {
        opened.value = 'by key';
        search.current?.focus();
      },
    },
  ]);
  // Where the page is narrow, there was no field before.
  useLayoutEffect(() => {
    if (opened.value === 'by key') search.current?.focus();
  }, [opened.value]);
  const toggle = (one: Status): void => {
    const has = filter.status.includes(one);
    show({ ...filter, status: STATUSES.filter((s) => (s === one ? !has : filter.status.includes(s))) });
  };
  const names = [...new Set(['external', ...(executors ?? []).map(({ name }) => name)])];
  if (filter.executor !== undefined && !names.includes(filter.executor)) names.push(filter.executor);
  const times: [string, string][] = Object.entries(TIMES).map(([value, { text }]) => [value, text]);
  if (filter.since !== undefined && !(filter.since in TIMES))
    times.push([filter.since, `since ${filter.since}`]);
  const set = partsOf(filter).length;
  return (
    <form class="filters" role="search" aria-label="Filter runs" onSubmit={(event) => event.preventDefault()}>
      <button
        type="button"
        class="fold"
        aria-expanded={opened.value !== undefined}
        aria-controls="filters"
        onClick={() => (opened.value = opened.value ? undefined : 'by hand')}
      >
        Filter{set > 0 ? ` (${set})` : ''}
      </button>
      <div id="filters" class={opened.value ? 'open' : ''}>
        <div role="group" aria-label="Status" class="chips">
          {STATUSES.map((one) => (
            <button
              key={one}
              type="button"
              class="chip"
              aria-pressed={filter.status.includes(one)}
              onClick={() => toggle(one)}
            >
              {one}
            </button>
          ))}
        </div>
        <Choice
          label="Executor"
          any="any executor"
          value={filter.executor}
          options={names.map((name) => [name, name])}
          onChange={(executor) => show({ ...filter, executor })}
        />
        <Choice
          label="Created"
          any="any time"
          value={filter.since}
          options={times}
          onChange={(since) => show({ ...filter, since })}
        />
        <TextFilter name="task" label="Task contains" filter={filter} field={search} />
        <TextFilter name="label" label="Label name:value" filter={filter} pattern="[^:]+:.*" />
        <TextFilter name="key" label="Key" filter={filter} />
        {set > 0 && (
          <button type="button" onClick={() => show({ status: [] })}>
            Show all
          </button>
        )}
      </div>
    </form>
  );
}

interface ChoiceProps {
  label: string;
  any: string;
  value: string | undefined;
  options: readonly (readonly [value: string, text: string])[];
  onChange: (value: string) => void;
}

function Choice({ label, any, value = '', options, onChange }: ChoiceProps): VNode {
  return (
    <select aria-label={label} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
      <option value="">{any}</option>
      {options.map(([one, text]) => (
        <option key={one} value={one}>
          {text}
        </option>
      ))}
    </select>
  );
}

interface TextFilterProps {
  name: 'task' | 'label' | 'key';
  label: string;
  filter: Filter;
  pattern?: string;
  field?: RefObject<HTMLInputElement | null>;
}

/** Asks once typing has paused. Enter asks at once and Escape empties it: both lead out of it, back to where keys are no letters. */
function TextFilter({ name, label, filter, pattern, field }: TextFilterProps): VNode {
  const own = useRef<HTMLInputElement>(null);
  const input = field ?? own;
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const { [name]: value = '' } = filter;
  useEffect(() => {
    // Dropped elsewhere, or by going back.
    if (input.current && document.activeElement !== input.current) input.current.value = value;
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const ask = (): void => {
    clearTimeout(timer.current);
    if (input.current?.validity.valid) note({ [name]: input.current.value.trim() });
  };
  const onInput = (): void => {
    clearTimeout(timer.current);
    timer.current = setTimeout(ask, TYPING_MS);
  };
  const onKeyDown = ({ key, currentTarget }: TargetedKeyboardEvent<HTMLInputElement>): void => {
    if (key !== 'Enter' && key !== 'Escape') return;
    if (key === 'Escape') currentTarget.value = '';
    ask();
    currentTarget.blur();
  };
  return (
    <input
      ref={input}
      type="search"
      class={name}
      aria-label={label}
      placeholder={label}
      spellcheck={false}
      defaultValue={value}
      onInput={onInput}
      onKeyDown={onKeyDown}
      {...(pattern !== undefined && { pattern, title: 'name:value' })}
      {...(name === 'task' && { 'aria-keyshortcuts': '/' })}
    />
  );
}
