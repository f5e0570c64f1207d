import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { curlPost, SAMPLE_EVENT } from '../../parts/curl.js';
import { Dialog } from '../../parts/dialog.js';
import { Failure } from '../../parts/failure.js';
import { servedBy } from '../../sentences/served-by.js';
import { client } from '../../service/client.js';
import { go } from '../../service/router.js';
import { noteRefusal } from '../../service/session.js';
import { executors } from '../../store/executors.js';
import { InputFields } from './input-fields.js';
import { fieldsOf, inputOf } from './input-schema.js';
import { parseInput } from './json-input.js';
import { parseLabels } from './labels.js';

const EXTERNAL = 'external';

/** Starts a run, and shows it. */
export function Page({ onClose }: { onClose: () => void }): VNode {
  const executor = useSignal(EXTERNAL);
  const task = useSignal('');
  const labels = useSignal('');
  const json = useSignal('');
  const fields = useSignal<Record<string, string>>({});
  const asJson = useSignal(false);
  const trouble = useSignal<unknown>(undefined);
  const isSending = useSignal(false);
  const known = executors.value?.find(({ name }) => name === executor.value);
  const form = fieldsOf(known?.input_schema);
  const isJson = asJson.value || !form;

  const start = async (): Promise<void> => {
    const { id } = await client.runs.create({
      task: task.value,
      executor: executor.value,
      labels: parseLabels(labels.value),
      input: isJson ? parseInput(json.value) : inputOf(form, fields.value),
    });
    onClose();
    go(['runs', id]);
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    if (isSending.value) return;
    trouble.value = undefined;
    isSending.value = true;
    start()
      .catch((error: unknown) => {
        noteRefusal(error);
        trouble.value = error;
      })
      .finally(() => (isSending.value = false));
  };
  const choose = (name: string): void => {
    executor.value = name;
    fields.value = {};
  };

  return (
    <Dialog title="Start a run" class="start" onClose={onClose}>
      <form onSubmit={submit}>
        <label>
          Task
          <input
            autofocus
            required
            maxLength={10_000}
            autocomplete="off"
            placeholder="What it is to do, for people"
            value={task.value}
            onInput={(event) => (task.value = event.currentTarget.value)}
          />
        </label>
        <label>
          Executor
          <select value={executor.value} onChange={(event) => choose(event.currentTarget.value)}>
            <option value={EXTERNAL}>external: you append its events</option>
            {(executors.value ?? []).map((one) => (
              <option key={one.name} value={one.name}>
                {one.live_instances === 0 ? `${one.name} (no live ${servedBy(one)})` : one.name}
              </option>
            ))}
          </select>
        </label>
        {known?.live_instances === 0 && (
          <p class="warning">
            No live {servedBy(known)} has “<bdi>{known.name}</bdi>”: the run stays pending until one starts.
          </p>
        )}
        {isJson ? (
          <label>
            Input, as JSON
            <textarea
              rows={4}
              spellcheck={false}
              placeholder="{}"
              value={json.value}
              onInput={(event) => (json.value = event.currentTarget.value)}
            />
          </label>
        ) : (
          <InputFields fields={form} given={fields.value} onInput={(given) => (fields.value = given)} />
        )}
        {form && (
          <button type="button" class="plain" onClick={() => (asJson.value = !asJson.value)}>
            {isJson ? 'Fill in fields' : 'Write JSON'}
          </button>
        )}
        <label>
          Labels
          <input
            autocomplete="off"
            spellcheck={false}
            placeholder="project:web, team:checkout"
            value={labels.value}
            onInput={(event) => (labels.value = event.currentTarget.value)}
          />
        </label>
        {executor.value === EXTERNAL && (
          <div class="code">
            <p class="soft">Append to it with its id, which the next page shows:</p>
            <pre tabIndex={0} aria-label="How to append">
              {curlPost('runs/$RUN/events', SAMPLE_EVENT)}
            </pre>
          </div>
        )}
        <Failure error={trouble.value} />
        <div class="foot">
          <button type="button" onClick={onClose}>
            Never mind
          </button>
          <button class="main" aria-disabled={isSending.value}>
            Start
          </button>
        </div>
      </form>
    </Dialog>
  );
}
