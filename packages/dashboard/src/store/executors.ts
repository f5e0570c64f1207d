import type { AnswerOf } from '@runstream/client';
import { signal } from '@preact/signals';
import { client } from '../service/client.js';
import { noteRefusal } from '../service/session.js';
import { isShown, sleep } from './visibility.js';

const EVERY_MS = 10_000;

/** What executes runs in this deployment; undefined until it is known. */
export const executors = signal<AnswerOf<'listExecutors'>['executors'] | undefined>(undefined);

/** Asks now and then, while the page is looked at, until it is aborted. */
export async function watchExecutors(ended: AbortSignal): Promise<void> {
  try {
    for (;;) {
      await isShown(ended);
      await client.executors
        .list({ signal: ended })
        .then((answer) => (executors.value = answer.executors), noteRefusal);
      await sleep(EVERY_MS, ended);
    }
  } finally {
    executors.value = undefined;
  }
}
