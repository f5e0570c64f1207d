import { type AnswerOf, RunstreamClientError } from '@runstream/client';
import { computed, signal } from '@preact/signals';
import { client } from '../service/client.js';
import { may, noteRefusal } from '../service/session.js';
import { isShown, sleep } from './visibility.js';

const EVERY_MS = 15_000;
/** What the page itself shows is asked for first. */
const FIRST_MS = 500;
/** How long nothing may move in a group until somebody should look. */
const STUCK_MS = 60_000;

type Group = AnswerOf<'listConsumers'>['groups'][number];

/** How the runs stand; undefined until it is known. */
export const counts = signal<AnswerOf<'countRuns'> | undefined>(undefined);
/** What a person should look at: groups that are stuck, and what groups gave up. */
export const attention = signal({ groups: 0, deadLetters: 0 });

export const title = computed(() => {
  const bad = (counts.value?.failed ?? 0) + attention.value.groups;
  return bad === 0 ? 'Runstream' : `✕ ${bad} · Runstream`;
});

/** @throws RunstreamClientError */
export async function refreshCounts(ended?: AbortSignal): Promise<void> {
  counts.value = await client.runs.counts(ended && { signal: ended });
}

/** Asks now and then, while the page is looked at, until it is aborted; then nothing of it is kept. */
export async function watchVitals(ended: AbortSignal): Promise<void> {
  try {
    await sleep(FIRST_MS, ended);
    for (;;) {
      await isShown(ended);
      await Promise.all([
        look('runs:read', refreshCounts, ended),
        look('consumers:admin', lookAtGroups, ended),
      ]);
      await sleep(EVERY_MS, ended);
    }
  } finally {
    counts.value = undefined;
    attention.value = { groups: 0, deadLetters: 0 };
  }
}

async function look(
  scope: Parameters<typeof may>[0],
  ask: (ended: AbortSignal) => Promise<void>,
  ended: AbortSignal,
): Promise<void> {
  if (!may(scope)) return;
  try {
    await ask(ended);
  } catch (error) {
    ended.throwIfAborted();
    // What is old is shown until there is something new: an outage has a bar of its own.
    if (error instanceof RunstreamClientError) noteRefusal(error);
    else throw error;
  }
}

async function lookAtGroups(ended: AbortSignal): Promise<void> {
  const { groups } = await client.consumers.list({ signal: ended });
  attention.value = {
    groups: groups.filter(needsSomebody).length,
    deadLetters: groups.reduce((sum, { dead_letters }) => sum + dead_letters, 0),
  };
}

function needsSomebody({ lag_ms, paused, handled, delayed_retries, oldest_pending_age_ms }: Group): boolean {
  const isStuck = paused || !handled || (delayed_retries > 0 && (oldest_pending_age_ms ?? 0) > STUCK_MS);
  return lag_ms > STUCK_MS && isStuck;
}
