import type { JSONRPCMessage } from '@modelcontextprotocol/server';
import { defineEvents, event, type EventsOf } from 'runstream';

/** What a server of MCP says on one of its streams. An empty one has only a place, to resume from. */
export const McpEvents = defineEvents({ 'mcp.message': event<{ message?: JSONRPCMessage }>() });

declare module 'runstream' {
  interface RunstreamEvents extends EventsOf<typeof McpEvents> {}
}
