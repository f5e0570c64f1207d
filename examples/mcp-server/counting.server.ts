import { fromJsonSchema, McpServer } from '@modelcontextprotocol/server';
import { setTimeout as delay } from 'node:timers/promises';

const STEP_MS = 100;
const input = fromJsonSchema<{ to: number }>({
  type: 'object',
  properties: { to: { type: 'integer', minimum: 1, maximum: 1000 } },
  required: ['to'],
});

/** A server with a tool that takes its time and tells how far it is. Each session has one. */
export function countingServer(): McpServer {
  const server = new McpServer({ name: 'counting', version: '1.0.0' });
  server.registerTool('count', { description: 'Counts.', inputSchema: input }, async ({ to }, { mcpReq }) => {
    const progressToken = mcpReq._meta?.progressToken;
    for (let progress = 1; progress <= to; progress++) {
      await delay(STEP_MS, undefined, { signal: mcpReq.signal });
      if (progressToken === undefined) continue;
      await mcpReq.notify({
        method: 'notifications/progress',
        params: { progressToken, progress, total: to },
      });
    }
    return { content: [{ type: 'text', text: `Counted to ${to}.` }] };
  });
  return server;
}
