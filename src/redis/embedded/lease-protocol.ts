import type { ServerBinary } from './server-binary.js';
import type { SocketPaths } from './socket-paths.js';

/** What a guardian is started with. */
export interface GuardianSettings {
  dataDir: string;
  sockets: SocketPaths;
  binary: ServerBinary;
}

/** What a guardian says to those who hold a lease: one line of JSON each. The first is `ready` or `failed`. */
export type GuardianMessage =
  | { state: 'ready' }
  /** Redis can't be had; the guardian leaves. */
  | { state: 'failed'; message: string }
  /** Redis ended without being asked to, and is started again. */
  | { state: 'restarting'; message: string };

export function encodeMessage(message: GuardianMessage): string {
  return `${JSON.stringify(message)}\n`;
}

export function decodeMessage(line: string): GuardianMessage {
  return JSON.parse(line) as GuardianMessage;
}
