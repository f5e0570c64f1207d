import { SERVICE_URL } from '../service/client.js';
import { session } from '../service/session.js';

const JSON_TYPE = `-H 'content-type: application/json'`;

/** What a request needs here beside its body: `$KEY` is whoever pastes it to fill in. */
function credentials(): string {
  const { auth_mode, tenants, tenant_id } = session.value ?? {};
  if (auth_mode === 'api-key') return ` -H "authorization: Bearer $KEY"`;
  if (auth_mode === 'jwt') return ` -H "authorization: Bearer $TOKEN"`;
  if (auth_mode === 'none' && tenants === 'header') return ` -H 'x-tenant-id: ${tenant_id ?? ''}'`;
  return '';
}

/** A `POST` of JSON as one line for a terminal. @param path as it stands in the shell, between double quotes */
export function curlPost(path: string, body: unknown): string {
  const text = JSON.stringify(body).replaceAll(`'`, `'\\''`);
  return `curl -s "${SERVICE_URL}${path}"${credentials()} ${JSON_TYPE} -d '${text}'`;
}

export const SAMPLE_EVENT = {
  event: { category: 'llm', action: 'stream' },
  source: { agent_id: 'a1' },
  data: { content: 'hello' },
};
const SAMPLE_END = { event: { category: 'lifecycle', action: 'completed' }, data: { result: 'hello' } };

/** Three lines: create a run, append to it, end it. */
export function firstRun(): string {
  return [
    `RUN=$(${curlPost('runs', { task: 'say hello' })} | sed 's/^{"id":"\\([^"]*\\)".*/\\1/')`,
    curlPost('runs/$RUN/events', SAMPLE_EVENT),
    curlPost('runs/$RUN/events', SAMPLE_END),
  ].join('\n');
}
