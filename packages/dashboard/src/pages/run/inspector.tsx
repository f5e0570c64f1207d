import type { RunEvent } from '@runstream/client';
import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { CopyButton } from '../../parts/copy-button.js';
import { clock, count, counted } from '../../parts/format.js';
import { Text } from '../../parts/text.js';
import { typeOf } from '../../rows/events.js';
import type { Row } from '../../rows/row.js';
import { seconds } from '../../rows/row-view.js';
import { JsonView } from './json-view.js';
import { bytesText, LongText } from './long-text.js';

export interface InspectorProps {
  sequence: number;
  /** The event itself; undefined while it is not here. */
  event: RunEvent | undefined;
  /** Of the view; undefined when it does not show the event. */
  row: Row | undefined;
  why: string;
  onMove: (by: 1 | -1) => void;
  onClose: () => void;
  isFocused: boolean;
}

/** All of one event, and of what a row has put together. */
export function Inspector({ sequence, event, row, why, onMove, onClose, isFocused }: InspectorProps): VNode {
  const isRaw = useSignal(false);
  const box = useRef<HTMLElement>(null);
  useEffect(() => {
    if (isFocused) box.current?.focus();
  }, [isFocused]);
  return (
    <aside class="inspector" aria-label="Inspector" ref={box} tabIndex={-1}>
      <div class="inspector-head">
        <h2>
          {event ? <Text value={typeOf(event)} /> : 'event'} <span class="soft">{count(sequence)}</span>
        </h2>
        <span class="space" />
        <button type="button" aria-label="Previous row" onClick={() => onMove(-1)}>
          ‹
        </button>
        <button type="button" aria-label="Next row" onClick={() => onMove(1)}>
          ›
        </button>
        <button type="button" aria-label="Close the inspector" onClick={onClose}>
          ✕
        </button>
      </div>
      {event ? (
        <>
          <div class="inspector-tools">
            <CopyButton label="Copy link" text={() => location.href} />
            <CopyButton label="Copy JSON" text={() => JSON.stringify(event, null, 2)} />
            <button type="button" aria-pressed={isRaw.value} onClick={() => (isRaw.value = !isRaw.value)}>
              Raw
            </button>
          </div>
          {isRaw.value ? <LongText text={JSON.stringify(event)} /> : <Pretty event={event} row={row} />}
        </>
      ) : (
        <p class="soft">{why}</p>
      )}
    </aside>
  );
}

function Pretty({ event, row }: { event: RunEvent; row: Row | undefined }): VNode {
  return (
    <>
      <Facts event={event} />
      {row?.kind === 'text' && row.count > 1 && (
        <section>
          <h3>
            Text of {counted(row.count, 'event')}, {count(row.first.sequence)}…{count(row.last.sequence)}
          </h3>
          <LongText text={row.text} />
        </section>
      )}
      {row?.kind === 'tool' ? (
        <Tool call={row.call} result={row.result} />
      ) : (
        <section>
          <h3>{row?.kind === 'text' && row.count > 1 ? 'Data of its first event' : 'Data'}</h3>
          <JsonView value={event.data} />
        </section>
      )}
      {row?.kind === 'dispatch' && row.started && (
        <section>
          <h3>Started {count(row.started.sequence)}</h3>
          <JsonView value={row.started.data} />
        </section>
      )}
      {event.metadata && (
        <section>
          <h3>Metadata</h3>
          <JsonView value={event.metadata} />
        </section>
      )}
      {event.context && (
        <section>
          <h3>Context</h3>
          <JsonView value={event.context} />
        </section>
      )}
    </>
  );
}

function Facts({ event }: { event: RunEvent }): VNode {
  const facts: [string, string | undefined][] = [
    ['time', `${event.timestamp} (${clock(event.timestamp, true)} here)`],
    ['agent', event.source?.agent_id],
    ['name', event.source?.agent_name],
    ['kind', event.source?.agent_type],
    ['team', event.source?.team_name],
    ['id', event.id],
    ['key', event.idempotency_key],
    ['size', bytesText(JSON.stringify(event).length)],
  ];
  return (
    <dl class="event-facts">
      {facts.map(
        ([name, value]) =>
          value != null && (
            <div key={name}>
              <dt>{name}</dt>
              <dd>
                <Text value={value} />
              </dd>
            </div>
          ),
      )}
    </dl>
  );
}

function Tool({ call, result }: { call: RunEvent | undefined; result: RunEvent | undefined }): VNode {
  const took = call && result ? Date.parse(result.timestamp) - Date.parse(call.timestamp) : undefined;
  return (
    <div class="tool-parts">
      <section>
        <h3>Call{call ? ` ${count(call.sequence)}` : ''}</h3>
        {call ? (
          <JsonView value={call.data['arguments'] ?? call.data} />
        ) : (
          <p class="soft">There was no call.</p>
        )}
      </section>
      <section>
        <h3>
          Result{result ? ` ${count(result.sequence)}` : ''}
          {took === undefined ? '' : `, after ${seconds(took)}`}
        </h3>
        {result ? <JsonView value={resultOf(result)} /> : <p class="soft">There is no result.</p>}
      </section>
    </div>
  );
}

/** All that the result says, when that is more than a result. */
function resultOf({ data }: RunEvent): unknown {
  const { tool_name: _name, tool_call_id: _id, result, ...others } = data;
  return result !== undefined && Object.keys(others).length === 0 ? result : data;
}
