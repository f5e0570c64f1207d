import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
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
  const isOpen = useSignal(false);
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
        aria-expanded={isOpen.value}
        aria-controls="filters"
        onClick={() => (isOpen.value = !isOpen.value)}
      >
        Filter{set > 0 ? ` (${set})` : ''}
      </button>
      <div id="filters" class={isOpen.value ? 'open' : ''}>
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
        <TextFilter name="task" label="Task contains" filter={filter} />
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
}

/** Asks once typing has paused. */
function TextFilter({ name, label, filter, pattern }: TextFilterProps): VNode {
  const input = useRef<HTMLInputElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const { [name]: value = '' } = filter;
  useEffect(() => {
    // Dropped elsewhere, or by going back.
    if (input.current && document.activeElement !== input.current) input.current.value = value;
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  if (name === 'task')
    useKeys('Runs', [{ keys: '/', does: 'Search tasks', run: () => input.current?.focus() }]);
  const onInput = (): void => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      if (input.current?.validity.valid) note({ [name]: input.current.value.trim() });
    }, TYPING_MS);
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
      {...(pattern !== undefined && { pattern, title: 'name:value' })}
      {...(name === 'task' && { 'aria-keyshortcuts': '/' })}
    />
  );
}
