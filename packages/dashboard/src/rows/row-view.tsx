import type { DispatchItem, ProvisionalEvent, RunEvent, TextItem, ToolItem } from '@runstream/client';
import type { ComponentChildren, VNode } from 'preact';
import { clock, count, counted, duration } from '../parts/format.js';
import { Text } from '../parts/text.js';
import { isError, typeOf } from './events.js';
import { cut, lines, type Piece } from './log-lines.js';
import { lastOf, oneLine, preview } from './preview.js';
import { isMissing, isSilence, type LineItem, type Row } from './row.js';

export interface RowLook {
  view: 'story' | 'log' | 'all';
  hasTimes: boolean;
  /** Whether the row is one of those that are being written. */
  isOpen: boolean;
}

const MAX_LINE = 2000;

/** What is in one row of a list. */
export function RowView({ row, look }: { row: Row | undefined; look: RowLook }): VNode {
  if (!row) return <span class="soft">…</span>;
  switch (row.kind) {
    case 'away':
      return row.from === row.to ? (
        <span class="soft">{count(row.from)} …</span>
      ) : (
        <span class="between">{rangeText(row)} are not read yet, or were let go</span>
      );
    case 'gap':
      return <Between row={row} />;
    case 'text':
      return <TextRow row={row} look={look} />;
    case 'tool':
      return <ToolRow row={row} />;
    case 'dispatch':
      return <DispatchRow row={row} />;
    case 'line':
      return <LineRow row={row} look={look} />;
    case 'provisional':
      return (
        <span class="cells provisional">
          <EventCells event={row.event} number={look.view === 'all' ? '' : undefined} />
          <span class="note">not stored yet</span>
        </span>
      );
    case 'event':
      return (
        <span class={isError(row.event) ? 'cells error' : 'cells'}>
          <EventCells
            event={row.event}
            number={look.view === 'all' ? count(row.event.sequence) : undefined}
          />
        </span>
      );
    default:
      return <span />;
  }
}

export function rangeText({ from, to }: { from: number; to: number }): string {
  return `${counted(to - from + 1, 'event')} (${count(from)}…${count(to)})`;
}

function Between({ row }: { row: Row }): VNode {
  if (isMissing(row)) return <span class="between missing">▲ {rangeText(row)} are no longer kept</span>;
  if (isSilence(row)) return <span class="between">silent for {duration(row.silentMs)}</span>;
  return <span class="between missing">▲ the log is another one from here on</span>;
}

function Cells({
  event,
  number,
  children,
}: {
  event: RunEvent | ProvisionalEvent;
  number?: string | undefined;
  children: ComponentChildren;
}): VNode {
  return (
    <>
      {number !== undefined && <span class="number">{number}</span>}
      <span class="time">{clock(event.timestamp)}</span>
      <Text class="agent" value={event.source?.agent_id ?? ''} />
      {children}
    </>
  );
}

/** Signs of what a reader looks for first. */
function signOf(event: RunEvent | ProvisionalEvent): string {
  const { category, action } = event.event;
  if (action === 'error' || action === 'failed' || action === 'rejected') return '✕';
  if (category === 'gate') return action === 'approved' ? '✓' : '◈';
  if (action === 'warning') return '▲';
  if (category === 'lifecycle') return action === 'completed' ? '✓' : '●';
  return '';
}

function EventCells({
  event,
  number,
}: {
  event: RunEvent | ProvisionalEvent;
  number: string | undefined;
}): VNode {
  const sign = signOf(event);
  const isLog = event.event.category === 'log';
  const [first = { pieces: [], length: 0 }, ...more] = isLog ? lines(event) : [];
  return (
    <Cells event={event} number={number}>
      <span class={`type of-${event.event.category}`}>
        {sign !== '' && <span class="sign">{sign} </span>}
        <Text value={`${event.event.category}.${event.event.action}`} />
      </span>
      {isLog ? (
        <bdi class="what">
          <Pieces pieces={cut(first, 0, MAX_LINE)} />
          {more.length > 0 && '…'}
        </bdi>
      ) : (
        <Text class="what" value={preview(event.data)} />
      )}
    </Cells>
  );
}

function Pieces({ pieces }: { pieces: readonly Piece[] }): VNode {
  return (
    <>
      {pieces.map(({ text, look }, at) => (
        <span key={at} class={look}>
          {text}
        </span>
      ))}
    </>
  );
}

function TextRow({ row, look }: { row: TextItem; look: RowLook }): VNode {
  const isReasoning = row.type === 'llm.reasoning';
  const tookMs = Date.parse(row.last.timestamp) - Date.parse(row.first.timestamp);
  return (
    <span class={isReasoning ? 'cells said reasoning' : 'cells said'}>
      <Cells event={row.first}>
        {isReasoning && <span class="sign">thinks </span>}
        <Text class="what" value={look.isOpen ? lastOf(row.text) : oneLine(row.text)} />
        {row.count > 1 && (
          <span class="note">
            {counted(row.count, 'event')} · {seconds(tookMs)}
          </span>
        )}
      </Cells>
    </span>
  );
}

function ToolRow({ row }: { row: ToolItem }): VNode {
  const event = row.call ?? row.result;
  if (!event) return <span />;
  const isBad = row.result !== undefined && isError(row.result);
  const took =
    row.call && row.result
      ? `${seconds(Date.parse(row.result.timestamp) - Date.parse(row.call.timestamp))} · `
      : '';
  const outcome = !row.result ? 'no result' : !row.call ? 'no call' : isBad ? '✕ error' : '✓ ok';
  return (
    <span class={isBad ? 'cells tool error' : 'cells tool'}>
      <Cells event={event}>
        <span class="sign">▸ </span>
        <Text class="name" value={row.name ?? 'tool'} />
        <Text class="what" value={preview(row.call ? (row.call.data['arguments'] ?? '') : event.data)} />
        <span class={row.result ? 'note' : 'note open'}>
          {took}
          {outcome}
        </span>
      </Cells>
    </span>
  );
}

function DispatchRow({ row: { name, dispatch, started } }: { row: DispatchItem }): VNode {
  const { name: _name, ...rest } = dispatch.data;
  const tookMs = started && Date.parse(started.timestamp) - Date.parse(dispatch.timestamp);
  return (
    <span class="cells tool">
      <Cells event={dispatch}>
        <span class="sign">→ </span>
        <Text class="name" value={name} />
        <Text class="what" value={preview(rest)} />
        <span class={started ? 'note' : 'note open'}>
          {tookMs === undefined ? 'not started' : `started after ${seconds(tookMs)}`}
        </span>
      </Cells>
    </span>
  );
}

function LineRow({ row, look }: { row: LineItem; look: RowLook }): VNode {
  const { event, line, from, to } = row;
  const isFirst = line === 0 && from === 0;
  const text = lines(event)[line];
  const isStderr = typeOf(event) === 'log.stderr';
  return (
    <span class={isStderr ? 'cells line stderr' : 'cells line'}>
      {look.hasTimes && <span class="time">{isFirst ? clock(event.timestamp, true) : ''}</span>}
      <span class="stream">{isStderr ? (isFirst ? 'err' : '┆') : ''}</span>
      <bdi class="what">
        {text && <Pieces pieces={cut(text, from, Math.min(to, from + MAX_LINE))} />}
        {to === Infinity && text && text.length > MAX_LINE ? '…' : ''}
      </bdi>
    </span>
  );
}

/** Short times, which `duration` has no digits for: `3.1 s`, `40 ms`. */
export function seconds(ms: number): string {
  if (ms < 1000) return `${Math.max(0, ms)} ms`;
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : duration(ms);
}
