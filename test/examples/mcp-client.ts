import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

export interface McpSession {
  client: Client;
  session: string;
  end: () => Promise<void>;
}

/** A client that comes back for as long as its line is cut. */
export async function connectTo(url: string): Promise<McpSession> {
  const transport = new StreamableHTTPClientTransport(new URL(url), {
    requestInit: { headers: { 'x-tenant-id': 'shop' } },
    reconnectionOptions: {
      maxRetries: 1000,
      initialReconnectionDelay: 50,
      maxReconnectionDelay: 50,
      reconnectionDelayGrowFactor: 1,
    },
  });
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(transport);
  return { client, session: transport.sessionId ?? '', end: () => transport.terminateSession() };
}

/** Calls the tool that counts to twenty. @returns what it answers */
export async function count(
  client: Client,
  onprogress: (told: { progress: number }) => void,
): Promise<unknown> {
  const { content } = await client.callTool({ name: 'count', arguments: { to: 20 } }, { onprogress });
  return content;
}

/** Asks for what followed an event of a session's stream. @returns the status, and all that was sent */
export async function replay(
  url: string,
  session: string,
  tenant: string,
  lastEventId: string,
): Promise<{ status: number; text: string }> {
  const answer = await fetch(url, {
    headers: {
      accept: 'text/event-stream',
      'mcp-session-id': session,
      'x-tenant-id': tenant,
      'last-event-id': lastEventId,
    },
  });
  return { status: answer.status, text: await answer.text() };
}
