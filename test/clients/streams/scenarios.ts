import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from '../../conformance/client.js';
import { eventOf, numberedRange, terminal, type EventInput } from '../../conformance/model.js';
import { eventually } from '../../support/eventually.js';
import type { SeededRandom } from '../../support/seeded-random.js';
import type { Deployment } from './deployment.js';
import type { Driver } from './driver.js';
import { type Outcome, Watching } from './watching.js';

export interface Scenario {
  name: string;
  /** Whether events come by their type's name. Default: without a name. */
  named?: boolean;
  /** How many connections of each client are reset, each at some byte. Default: none. */
  resets?: number;
  /** What ends the service half-way; it is started again. Default: nothing. */
  restart?: 'SIGTERM' | 'SIGKILL';
  /** Whether the run is over before it is followed, and nobody may come back afterwards. Default: false. */
  over?: boolean;
  /** How many events there are before the cursor that it begins at, in its URL. Default: it begins at the start. */
  after?: number;
  /** The port that clients ask. Default: the service's. */
  port?: number;
  /** The origin that every request has to name. Default: any, or none. */
  origin?: string;
}

const BATCHES = 12;
/** A reset needs something to be sent, and a client that comes back every few seconds is slow to take it. */
const MAX_BEHIND = 500;
/** Longer than any of them waits before it comes back. */
const SILENCE_MS = 3500;

/**
 * Plays a scenario to all of these clients at once: they follow the same run.
 *
 * @returns what each did, or the error of the one that does not hold the log exactly
 */
export async function play(
  scenario: Scenario,
  drivers: readonly Driver[],
  service: Deployment,
  random: SeededRandom,
): Promise<(Outcome | Error)[]> {
  const { named = false, resets = 0, after = 0, port = service.port } = scenario;
  const api = new Client(service, new AbortController().signal);
  const all: Watching[] = [];
  try {
    const { id: runId } = await api.createRun();
    const cursor = after > 0 ? (await api.append(runId, numberedRange(2, after))).last_id : '0-0';
    const query = new URLSearchParams({
      ...(!named && { named: 'false' }),
      ...(after > 0 && { last_event_id: cursor }),
    });
    for (const driver of drivers) all.push(await Watching.connect(driver, port, resets, random));
    const openAll = (): void => {
      for (const each of all) each.open(`/runs/${runId}/events/stream?${query.toString()}`);
    };
    if (!scenario.over) {
      openAll();
      for (const each of all)
        await eventually(
          `${each.driver.name} follows`,
          () => each.heard.length > 0 || after > 0 || resets > 0,
        );
    }
    await produce(api, runId, scenario, all, service, random);
    await api.append(runId, terminal());
    if (scenario.over) openAll();
    const ends = await Promise.allSettled(all.map((each) => each.stopped()));
    const log = (await api.history(runId)).slice(after);
    const asked = all.map((each) => each.requests.length);
    if (scenario.over) await delay(SILENCE_MS);
    return all.map((each, i) => {
      try {
        const end = ends[i];
        if (end?.status === 'rejected') throw end.reason;
        assert.equal(each.requests.length, asked[i], `${each.driver.name} came back`);
        if (scenario.origin) each.assertOrigin(scenario.origin);
        return each.outcome(log);
      } catch (error) {
        return error as Error;
      }
    });
  } finally {
    for (const each of all) await each.close();
  }
}

async function produce(
  api: Client,
  runId: string,
  { resets = 0, restart }: Scenario,
  all: readonly Watching[],
  service: Deployment,
  random: SeededRandom,
): Promise<void> {
  const wereReset = (): boolean => all.every((each) => each.resets >= resets);
  let appended = 1;
  for (let batch = 0; batch < BATCHES || !wereReset(); batch++) {
    if (restart && batch === BATCHES / 2) await service.restart(restart);
    const events = someEvents(random);
    await api.append(runId, events);
    appended += events.length;
    for (const each of all)
      await eventually(`${each.driver.name} follows`, () => {
        return each.resets >= resets || each.heard.length > appended - MAX_BEHIND;
      });
  }
}

/** Some of a few characters, some of kilobytes, some beyond ASCII. */
function someEvents(random: SeededRandom): EventInput[] {
  return Array.from({ length: random.integer(1, 9) }, () => {
    const content = 'é\u2028👍 x'.repeat(Math.ceil(500 ** random.next()));
    return random.next() < 0.5
      ? eventOf('llm.stream', { content })
      : eventOf('log.stdout', { line: content });
  });
}
