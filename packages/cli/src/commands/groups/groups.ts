import { type Command, Option } from 'commander';
import type { AnswerOf } from '@runstream/client';
import { durationOf } from '../../input/values.js';
import { cut, Shown, shown } from '../../render/shown.js';
import { table } from '../../render/table.js';
import { ago, count, duration } from '../../render/time.js';
import type { Session } from '../../session.js';
import type { Perform } from '../perform.js';
import { sleep } from './sleep.js';

type Group = AnswerOf<'listConsumers'>['groups'][number];

interface GroupsOptions {
  watch?: true;
  every: number;
}

const EVERY_MS = 2000;
const HEAD = ['GROUP', 'STANDS', 'LAG', 'OLDEST', 'PENDING', 'RETRIES', 'DEAD', 'PROCESSES', 'HANDLERS'];

export function addGroups(program: Command, perform: Perform): void {
  program
    .command('groups')
    .description('Show how the consumer groups stand.')
    .option('-w, --watch', 'again and again, with how fast each lag grows')
    .addOption(
      new Option('--every <time>', 'with --watch, so often').argParser(durationOf).default(EVERY_MS, '2s'),
    )
    .action((options: GroupsOptions) => perform((session) => groups(session, options)));
  for (const [name, description] of [
    ['pause', 'Stop delivery to a group, on every instance.'],
    ['resume', 'Go on with delivery to a group.'],
  ] as const) {
    program
      .command(name)
      .description(description)
      .argument('<group>', 'its name')
      .action((group: string) =>
        perform(async ({ client, out, signal }) => {
          const now = await client.consumers[name](group, { signal });
          await out.either(now, () => table(HEAD, [row(now)]));
        }),
      );
  }
}

async function groups(session: Session, { watch, every }: GroupsOptions): Promise<void> {
  const { client, out, signal } = session;
  let before: { lags: ReadonlyMap<string, number>; at: number } | undefined;
  for (;;) {
    const { groups } = await client.consumers.list({ signal });
    const at = Date.now();
    const seconds = before && (at - before.at) / 1000;
    const growth = groups.map(({ group, lag }) => {
      const last = before?.lags.get(group);
      return last === undefined || !seconds ? undefined : (lag - last) / seconds;
    });
    if (out.isJson) for (const group of groups) await out.json(group);
    else
      await out.line(
        ...table(
          HEAD,
          groups.map((group, n) => row(group, growth[n])),
        ),
      );
    if (!out.isJson && groups.length === 0) await out.note(shown`There is no group.`);
    if (!watch) return;
    before = { lags: new Map(groups.map(({ group, lag }) => [group, lag])), at };
    await sleep(every, signal);
    if (!out.isJson) await out.line(Shown.empty);
  }
}

function row(group: Group, perSecond?: number): (Shown | string | number)[] {
  const { lag, lag_ms, pending, delayed_retries, dead_letters, members, handlers } = group;
  const pace = perSecond === undefined ? '' : ` ${perSecond < 0 ? '' : '+'}${perSecond.toFixed(1)}/s`;
  return [
    cut(group.group, 60),
    standing(group),
    `${count(lag)}${pace}`,
    lag_ms === 0 ? '–' : duration(lag_ms),
    count(pending),
    count(delayed_retries),
    dead_letters === 0 ? '0' : shown`${count(dead_letters)}`.in('red'),
    members.length,
    cut(handlers.join(', '), 60),
  ];
}

function standing(group: Group): Shown {
  const { paused, handled, lag, pending } = group;
  if (paused) return pausedBy(group).in('yellow');
  if (!handled) return shown`not handled`.in(lag + pending > 0 ? 'red' : 'dim');
  return lag > 0 ? shown`behind`.in('cyan') : shown`up to date`.in('green');
}

function pausedBy({ paused_by, paused_at }: Group): Shown {
  const by = paused_by === undefined ? shown`` : shown` by ${cut(paused_by, 40)}`;
  const since = ago(paused_at);
  return shown`paused${by}${since === undefined ? shown`` : shown`, ${since}`}`;
}
