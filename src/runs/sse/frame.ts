import { concatBytes } from '../../common/index.js';
import { formatJournalCursor, type ProvisionalEvent, type WatchSignal } from '../../event-store/index.js';
import { type EventId, formatEventId } from '../../events/index.js';

/**
 * Frames that are written together. `framed` is `payload` as one chunk of HTTP/1.1's chunked coding
 * (https://www.rfc-editor.org/rfc/rfc9112#section-7.1): made once, and the same for every watcher.
 */
export interface WireChunk {
  payload: Buffer;
  framed: Buffer;
}

export function toWireChunk(...parts: readonly (string | Buffer)[]): WireChunk {
  let size = 0;
  for (const part of parts) size += Buffer.byteLength(part);
  const head = `${size.toString(16)}\r\n`;
  const framed = concatBytes([head, ...parts, '\r\n']);
  return { framed, payload: framed.subarray(head.length, head.length + size) };
}

/** All who see them are live, and so at the same cursor. */
function provisionalFrames(events: readonly ProvisionalEvent[], cursor: EventId): WireChunk {
  const id = formatEventId(cursor);
  return toWireChunk(events.map(({ json }) => frame('provisional', json, id)).join(''));
}

/** A frame that is no event: always with its name, and with an id that is the cursor to resume from. */
function controlFrame(name: string, { cursor, across }: WatchSignal, data: object): string {
  return frame(
    name,
    JSON.stringify(data),
    across ? formatJournalCursor(across.cursor) : formatEventId(cursor),
  );
}

/**
 * The id comes last: some clients take it when they read its line, and would otherwise resume behind an event of which
 * a cut connection kept the rest.
 */
function frame(name: string | undefined, json: string, id: string): string {
  return frameHead(name) + json + frameTail(id);
}

export function frameHead(name: string | undefined): string {
  return name === undefined ? 'data: ' : `event: ${name}\ndata: `;
}

export function frameTail(id: string): string {
  return `\nid: ${id}\n\n`;
}

/** What a watcher is told that is no stored event: the same in every form. */
export function encodeControl(signal: Exclude<WatchSignal, { kind: 'events' }>): WireChunk {
  switch (signal.kind) {
    case 'provisional':
      return provisionalFrames(signal.events, signal.cursor);
    case 'cursor':
      return toWireChunk(controlFrame('cursor', signal, {}));
    case 'heartbeat':
      return toWireChunk(
        // No empty line: it would end a frame, and to some clients a frame of nothing is a message.
        `: heartbeat ${new Date().toISOString()}\n` +
          (signal.announce ? controlFrame('cursor', signal, {}) : ''),
      );
    case 'gap':
      return toWireChunk(
        controlFrame('gap', signal, {
          reason: signal.reason,
          after_id: signal.after ? formatEventId(signal.after) : null,
          first_available_id: signal.firstAvailable ? formatEventId(signal.firstAvailable) : null,
          missed: signal.missed ?? null,
          ...(signal.across && { partition: signal.across.partition }),
        }),
      );
    case 'close':
      return toWireChunk(
        controlFrame(
          'close',
          signal,
          signal.reason === 'ended' ? { reason: 'ended', status: signal.status } : { reason: 'deleted' },
        ),
      );
  }
}
