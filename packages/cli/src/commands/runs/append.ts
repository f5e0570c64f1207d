import type { Command } from 'commander';
import type { EventInput } from '@runstream/client';
import { UsageError } from '../../failure.js';
import { linesOf } from '../../input/lines.js';
import { shown } from '../../render/shown.js';
import { counted } from '../../render/time.js';
import type { Session } from '../../session.js';
import type { Perform } from '../perform.js';

interface AppendOptions {
  writerId?: string;
}

export function addAppend(program: Command, perform: Perform): void {
  program
    .command('append')
    .description(
      'Append events from stdin to a run, one JSON object a line, each as soon as its line is there.',
    )
    .argument('<run>', 'its id')
    .option('--writer-id <id>', 'the same one again, with the same lines, stores nothing twice')
    .addHelpText(
      'after',
      `
A line is {"event": {"category": "llm", "action": "stream"}, "data": {"content": "hello"}}. What is cut is sent again,
and stored once. The run goes on at the end of stdin: end it with a line of the type lifecycle.completed.`,
    )
    .action((run: string, options: AppendOptions) => perform((session) => append(session, run, options)));
}

async function append(session: Session, runId: string, { writerId }: AppendOptions): Promise<void> {
  const { client, out, stdin, signal } = session;
  const given = writerId === undefined ? {} : { writerId };
  const writer = client.append(runId, { signal, ...given });
  let line = 0;
  let appended = 0;
  try {
    for await (const text of linesOf(stdin)) {
      line++;
      if (text.trim() === '') continue;
      await writer.write(eventIn(text, line));
      appended++;
    }
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    // What came before the bad line is stored; what is wrong with that is said first.
    await writer.flush();
    throw new UsageError(
      `${error.message} ${counted(appended, 'event')} before it ${appended === 1 ? 'is' : 'are'} stored.`,
    );
  }
  await writer.flush();
  await out.either({ run_id: runId, appended }, () => [
    shown`${counted(appended, 'event is', 'events are')} stored.`,
  ]);
}

function eventIn(text: string, line: number): EventInput {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`Line ${line} is no JSON: ${(error as Error).message}.`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UsageError(`Line ${line} is no JSON object.`);
  }
  return value as EventInput;
}
