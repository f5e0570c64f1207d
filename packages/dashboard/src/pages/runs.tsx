import { type AnswerOf } from '@runstream/client';
import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { count } from '../parts/format.js';
import { Text } from '../parts/text.js';
import { client } from '../service/client.js';
import { href } from '../service/router.js';
import { noteRefusal } from '../service/session.js';

export function RunsPage(): VNode {
  const runs = useSignal<AnswerOf<'listRuns'>['runs']>([]);
  useEffect(() => {
    client.runs.list({ limit: 50 }).then((page) => (runs.value = page.runs), noteRefusal);
  }, []);
  return (
    <>
      <h1>Runs</h1>
      <ul class="runs">
        {runs.value.map(({ id, status, task, sequence }) => (
          <li key={id}>
            <a href={href(['runs', id])}>
              <span class={`status ${status}`}>{status}</span>
              <Text value={task} class="task" />
              <span>{count(sequence)}</span>
            </a>
          </li>
        ))}
      </ul>
    </>
  );
}
