import type { EventId, EventStore, JSONRPCMessage, StreamId } from '@modelcontextprotocol/server';
import type { HistoryPage, RunOperations } from 'runstream';

const STREAM_LABEL = 'mcp_stream';

type Send = (eventId: EventId, message: JSONRPCMessage) => Promise<void>;

/**
 * The streams of one session of MCP, each of them a run, which ends with the stream. An event's id is `<run>:<id>`; the
 * run has the session as its key, so that no session is given what another one was told.
 */
export class RunEventStore implements EventStore {
  /** The runs of streams that go on. */
  private readonly open = new Map<StreamId, string>();
  private before: Promise<unknown> = Promise.resolve();

  /** @param runs those of the session's tenant */
  constructor(
    private readonly runs: RunOperations,
    private readonly session: string,
  ) {}

  storeEvent(streamId: StreamId, message: JSONRPCMessage): Promise<EventId> {
    return this.inTurn(async () => {
      const run = this.open.get(streamId) ?? (await this.begin(streamId));
      // The stream begins with a message that is none, so that it can be resumed from its very beginning.
      const data = 'jsonrpc' in message ? { message } : {};
      const isAnswer = 'result' in message || 'error' in message;
      const [id] = await this.runs.append(run, [
        { type: 'mcp.message', data },
        ...(isAnswer ? [{ type: 'lifecycle.completed' } as const] : []),
      ]);
      // A stream is one request's, and over with its answer.
      if (isAnswer) this.open.delete(streamId);
      return `${run}:${id}`;
    });
  }

  replayEventsAfter(lastEventId: EventId, { send }: { send: Send }): Promise<StreamId> {
    return this.inTurn(async () => {
      const [run = '', last = ''] = lastEventId.split(':');
      const { key, labels } = await this.runs.get(run);
      if (key !== this.session) throw new Error('This session has no such event.');
      for (let from: string | undefined = last; from !== undefined;) {
        const page: HistoryPage<'mcp.message'> = await this.runs.history(run, {
          from,
          types: ['mcp.message'],
        });
        for (const { id, data } of page.events)
          if (id !== last && data.message) await send(`${run}:${id}`, data.message);
        from = page.next;
      }
      return labels[STREAM_LABEL] ?? '';
    });
  }

  /** Ends what goes on: nobody is left to say more on it. */
  async close(): Promise<void> {
    await this.inTurn(() => Promise.all([...this.open.values()].map((run) => this.runs.cancel(run))));
  }

  private async begin(streamId: StreamId): Promise<string> {
    const labels = { [STREAM_LABEL]: streamId };
    const { id } = await this.runs.start({ task: 'a stream of MCP', key: this.session, labels });
    this.open.set(streamId, id);
    return id;
  }

  /** One after the other: what is said during a replay would else be in neither, the replay nor what follows it. */
  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.before.then(work);
    this.before = result.catch(() => undefined);
    return result;
  }
}
