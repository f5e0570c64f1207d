import { NodeStreamableHTTPServerTransport as HttpTransport } from '@modelcontextprotocol/node';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { Runstream } from 'runstream';
import { countingServer } from './counting.server.js';
import { RunEventStore } from './run-event-store.js';

const MAX_SESSIONS = 1000;
/** How soon a client that was cut comes back. */
const RETRY_MS = 500;

interface Session {
  tenant: string;
  transport: HttpTransport;
}

/** Sessions live in this process, as the SDK has them; what they said is in the log. */
@Injectable()
export class McpSessions implements OnModuleDestroy {
  private readonly sessions = new Map<string, Session>();

  constructor(private readonly runs: Runstream) {}

  /** A session of the tenant; undefined for those of others, too. */
  find(tenant: string, id: string): HttpTransport | undefined {
    const session = this.sessions.get(id);
    return session?.tenant === tenant ? session.transport : undefined;
  }

  async begin(tenant: string): Promise<HttpTransport> {
    const id = randomUUID();
    const eventStore = new RunEventStore(this.runs.for(tenant), id);
    const transport = new HttpTransport({
      sessionIdGenerator: () => id,
      onsessioninitialized: () => void this.sessions.set(id, { tenant, transport }),
      eventStore,
      retryInterval: RETRY_MS,
    });
    await countingServer().connect(transport);
    const { onclose } = transport;
    transport.onclose = () => {
      onclose?.();
      this.sessions.delete(id);
      // When Redis is away the runs stay open, and nobody is told more of them.
      eventStore.close().catch(() => undefined);
    };
    // The oldest makes room: clients may go without a word.
    if (this.sessions.size >= MAX_SESSIONS) await [...this.sessions.values()][0]?.transport.close();
    return transport;
  }

  /** For a client that comes back to another process than it left: what its stream was told, and no more. */
  replay(tenant: string, id: string): HttpTransport {
    return new HttpTransport({
      sessionIdGenerator: undefined,
      eventStore: new RunEventStore(this.runs.for(tenant), id),
    });
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all([...this.sessions.values()].map(({ transport }) => transport.close()));
  }
}
