import type { Run } from '@runstream/client';
import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useRef } from 'preact/hooks';
import { CopyButton } from '../../parts/copy-button.js';
import { Failure } from '../../parts/failure.js';
import { client, SERVICE_URL } from '../../service/client.js';
import { may, session } from '../../service/session.js';

/** What is needed now and then. */
export function RunMenu({ run, onDelete }: { run: Run; onDelete: () => void }): VNode {
  const menu = useRef<HTMLDetailsElement>(null);
  const error = useSignal<unknown>(undefined);
  const save = (): void => {
    error.value = undefined;
    saveEvents(run.id).catch((reason: unknown) => (error.value = reason));
  };
  const close = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape' || !menu.current?.open) return;
    event.stopPropagation();
    menu.current.open = false;
    menu.current.querySelector('summary')?.focus();
  };
  return (
    <details class="menu" ref={menu} onKeyDown={close}>
      <summary aria-label="More about this run">⋯</summary>
      <div class="menu-items">
        <CopyButton label="Copy link" text={() => location.href} />
        <CopyButton label="Copy curl" text={() => curlOf(run.id)} />
        <button type="button" onClick={save}>
          Save events (NDJSON)
        </button>
        {may('runs:write') && (
          <button type="button" class="bad" onClick={onDelete}>
            Delete…
          </button>
        )}
        <Failure what="The events could not be saved" error={error.value} />
      </div>
    </details>
  );
}

/** Follows the run from a terminal of the same machine. */
function curlOf(id: string): string {
  const { auth_mode, tenants } = session.value ?? {};
  const headers = [
    ...(auth_mode === 'none' ? [] : [`-H "Authorization: Bearer $RUNSTREAM_KEY"`]),
    ...(auth_mode === 'none' && tenants === 'header'
      ? [`-H "X-Tenant-ID: ${session.value?.tenant_id ?? ''}"`]
      : []),
  ];
  return ['curl', '-N', ...headers, `'${SERVICE_URL}runs/${encodeURIComponent(id)}/events/stream'`].join(' ');
}

/** All that the service still has, page after page: not only what is held here. */
async function saveEvents(id: string): Promise<void> {
  const lines: Blob[] = [];
  for (let start_id: string | null = '-'; start_id !== null;) {
    const page: { events: unknown[]; next_id: string | null } = await client.runs.events(id, {
      start_id,
      limit: 2000,
    });
    lines.push(new Blob(page.events.map((event) => `${JSON.stringify(event)}\n`)));
    start_id = page.next_id;
  }
  const url = URL.createObjectURL(new Blob(lines, { type: 'application/x-ndjson' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `${id}.ndjson`;
  link.click();
  // The browser has it by then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
