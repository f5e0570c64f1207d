import { type Command, Option } from 'commander';
import { type EndItem, type FollowItem, type Run, RunstreamClientError } from '@runstream/client';
import { EXIT, type ExitCode } from '../../exit-code.js';
import { GaveUp, Interrupted } from '../../failure.js';
import { durationOf, listOf, timeOf, wholeNumber } from '../../input/values.js';
import { shown } from '../../render/shown.js';
import { gapText, Story } from '../../render/story.js';
import { duration } from '../../render/time.js';
import { linkTo, type Session } from '../../session.js';
import { beginningOf, type BeginningOptions } from './beginning.js';
import { endText, exitCodeOf } from './ending.js';
import type { Perform } from '../perform.js';
import { SilenceWatch } from './silence.js';
import { whichRun } from './which-run.js';

export interface FollowRunOptions extends BeginningOptions {
  timeout?: number;
  strict?: true;
  silence?: number;
}

const SILENCE_MS = 30_000;

export function addFollow(program: Command, perform: Perform): void {
  program
    .command('follow')
    .description('Follow a run to its end, over outages and restarts, and end as it ends.')
    .argument('[run]', 'its id, or - to read that from stdin')
    .option('--latest', 'the newest run')
    .addOption(new Option('--from <place>', 'begin here').choices(['start', 'tail']))
    .option('--after <cursor>', 'begin after this event')
    .option('--since <time>', 'begin with what came since: a time, or so long ago (10m)', timeOf)
    .option('--tail <n>', 'begin with so many of the last events', wholeNumber(0, 9999))
    .option('--types <a,b>', 'only these types, like llm.*,lifecycle.completed', listOf)
    .option('--timeout <time>', 'give up after so long (90s, 10m): the run goes on', durationOf)
    .option('--strict', 'give up when events are missing')
    .addOption(
      new Option('--silence <time>', 'say so when nothing comes for so long')
        .argParser(durationOf)
        .default(SILENCE_MS, '30s'),
    )
    .action((run: string | undefined, options: FollowRunOptions & { latest?: true }) =>
      perform(async (session) => {
        const id = await whichRun(session, run, options.latest);
        return followRun(session, await session.client.runs.get(id, {}, { signal: session.signal }), options);
      }),
    );
}

/** Prints what a run says until it ends, and then as what. */
export async function followRun(session: Session, run: Run, options: FollowRunOptions): Promise<ExitCode> {
  const { timeout, types, from, strict = false, silence = SILENCE_MS } = options;
  const { client, out, url } = session;
  using limit = new TimeLimit(timeout);
  const signal = AbortSignal.any([session.signal, limit.signal]);
  await out.note(shown`${linkTo(url, run.id)}`.in('dim'));
  const following = client.follow(run.id, {
    after: await beginningOf({ ...session, signal }, run.id, options),
    ...(from && { from }),
    ...(types && { types }),
    catchUp: 'pages',
    signal,
  });
  const story = new Story(out);
  using watch = new SilenceWatch({ ...session, signal }, run.id, silence, () => story.pause());
  const seen = { events: 0, missing: 0 as number | undefined };
  const ended = async (item: EndItem): Promise<ExitCode> => {
    await story.pause();
    const last = await latest(session, run);
    const end = endText(item, last, seen);
    await (out.isJson ? out.note(end) : out.line(end));
    return exitCodeOf(item, last);
  };
  try {
    for await (const item of following) {
      await watch.heard(item);
      if (item.kind === 'end') return await ended(item);
      if (item.kind === 'event') seen.events++;
      if (item.kind === 'gap') {
        const { missed } = item.gap;
        seen.missing = missed === null || seen.missing === undefined ? undefined : seen.missing + missed;
      }
      await print(session, story, item);
      if (item.kind === 'gap' && strict) return EXIT.missing;
    }
  } catch (error) {
    await story.pause();
    // It was there before.
    if (error instanceof RunstreamClientError && error.code === 'RUN_NOT_FOUND') {
      return await ended({ kind: 'end', reason: 'deleted', status: undefined });
    }
    if (error instanceof Interrupted || error instanceof GaveUp) {
      const { cursor } = following;
      const on = cursor === undefined ? shown`` : shown` --after ${cursor}`;
      await out.note(shown`${run.id} goes on. Come back with: runstream follow ${run.id}${on}`);
    }
    throw error;
  }
  throw new Error('A run was followed to no end.');
}

async function print({ out }: Session, story: Story, item: FollowItem): Promise<void> {
  if (!out.isJson) return story.tell(item);
  if (item.kind === 'event') await out.json(item.event);
  if (item.kind === 'gap') await out.note(gapText(item.gap));
}

/** As it is now, for its times; as it was when it is not to be had any more. */
async function latest({ client, signal }: Session, run: Run): Promise<Run> {
  try {
    return await client.runs.get(run.id, {}, { signal });
  } catch {
    return run;
  }
}

/** Aborts when the time is up. */
class TimeLimit implements Disposable {
  private readonly controller = new AbortController();
  private readonly timer: NodeJS.Timeout | undefined;

  constructor(ms: number | undefined) {
    if (ms === undefined) return;
    this.timer = setTimeout(() => {
      this.controller.abort(new GaveUp(`It did not end within ${duration(ms)}.`));
    }, ms);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.timer);
  }
}
