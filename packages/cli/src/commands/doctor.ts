import type { Command } from 'commander';
import { RunstreamClientError, type AnswerOf } from '@runstream/client';
import { EXIT, type ExitCode } from '../exit-code.js';
import { failureOf } from '../failure.js';
import { Shown, shown } from '../render/shown.js';
import { facts } from '../render/table.js';
import { count, counted, duration } from '../render/time.js';
import type { Session } from '../session.js';
import type { Perform } from './perform.js';

/** Of clocks: leases and `--since` go by them. */
const MAX_SKEW_MS = 5000;

/** What was looked at. Without a verdict it is only told. */
interface Finding {
  name: string;
  verdict: 'good' | 'bad' | 'told';
  text: Shown;
  /** For programs. */
  value: unknown;
  /** Of a bad one. Default: 1. */
  code?: ExitCode;
}

export function addDoctor(program: Command, perform: Perform): void {
  program
    .command('doctor')
    .description(
      'Look at what may be wrong: the way to the service, its Redis, clocks, credentials, who does what.',
    )
    .action(() => perform(doctor));
}

async function doctor(session: Session): Promise<ExitCode> {
  const { out } = session;
  const findings: Finding[] = [await reach(session)];
  // Without it nothing else can be asked.
  if (findings[0]?.verdict !== 'bad') {
    for (const look of [redis, version, clock, access, executors, groups]) findings.push(await look(session));
  }
  if (out.isJson) {
    for (const { name, verdict, text, value } of findings)
      await out.json({ name, verdict, text: text.text, value });
  } else {
    await out.line(...facts(findings.map((finding) => [finding.name, lineOf(finding)])));
  }
  const bad = findings.find(({ verdict }) => verdict === 'bad');
  return bad ? (bad.code ?? EXIT.failed) : EXIT.ok;
}

function lineOf({ verdict, text }: Finding): Shown {
  const mark = { good: shown`✓`.in('green'), bad: shown`✗`.in('red'), told: shown`·`.in('dim') }[verdict];
  return shown`${mark} ${text}`;
}

async function reach({ client, url, signal }: Session): Promise<Finding> {
  const startedAt = performance.now();
  return look('service', url, async () => {
    await client.health.live({ signal });
    const ms = Math.round(performance.now() - startedAt);
    return { verdict: 'good', text: shown`${url} answers in ${ms} ms.`, value: { url, ms } };
  });
}

async function redis({ client, url, signal }: Session): Promise<Finding> {
  return look('redis', url, async () => {
    const { checks } = await client.health.ready({ signal });
    const parts = Object.entries(checks).map(([name, state]) => shown`${name} is ${state}`);
    return { verdict: 'good', text: shown`${Shown.join(parts, ', ')}.`, value: checks };
  });
}

async function version({ client, signal }: Session): Promise<Finding> {
  // An application around Runstream may have no documentation.
  const found = await client.health.version({ signal }).catch(() => undefined);
  const text = found === undefined ? shown`It does not say which it is.` : shown`${found}`;
  return { name: 'version', verdict: 'told', text, value: found ?? null };
}

async function clock(session: Session): Promise<Finding> {
  const ms = session.clockSkewMs();
  if (ms === undefined)
    return { name: 'clock', verdict: 'told', text: shown`It does not say its time.`, value: null };
  const isBad = Math.abs(ms) > MAX_SKEW_MS;
  const text = isBad
    ? shown`The clocks differ: that of the service is ${duration(Math.abs(ms))} ${ms > 0 ? 'ahead' : 'behind'}.`
    : shown`The clocks agree.`;
  return { name: 'clock', verdict: isBad ? 'bad' : 'good', text, value: { ahead_ms: Math.round(ms) } };
}

async function access({ client, url, signal }: Session): Promise<Finding> {
  return look('access', url, async () => {
    const session = await client.session.get({ signal });
    const { auth_mode, tenant_id, tenants, scopes, expires_at } = session;
    if (scopes === null) {
      const text = shown`Nobody: the service asks for ${asked(auth_mode)}. Give it with --key or RUNSTREAM_KEY.`;
      return { verdict: 'bad', text, value: session, code: EXIT.credentials };
    }
    if (tenant_id === null && tenants === 'header') {
      const text = shown`No tenant: each request names one. Give it with --tenant or RUNSTREAM_TENANT.`;
      return { verdict: 'bad', text, value: session, code: EXIT.usage };
    }
    const until = expires_at === null ? '' : `, until ${expires_at}`;
    const text = shown`${tenant_id ?? ''}: ${scopes.join(', ')}${until} (AUTH_MODE=${auth_mode}).`;
    return { verdict: 'good', text, value: session };
  });
}

function asked(mode: AnswerOf<'getSession'>['auth_mode']): string {
  return { none: 'nothing', 'api-key': 'an API key', jwt: 'a token', own: 'a credential' }[mode];
}

async function executors({ client, url, signal }: Session): Promise<Finding> {
  return look('executors', url, async () => {
    const { executors } = await client.executors.list({ signal });
    const stuck = executors.filter(({ live_instances, pending }) => live_instances === 0 && pending > 0);
    const parts = executors.map(
      ({ name, live_instances, running, pending, served_by }) =>
        shown`${name} in ${served_by === 'workers' ? counted(live_instances, 'worker') : counted(live_instances, 'process', 'processes')}, ${count(running)} run, ${count(pending)} wait`,
    );
    const text = executors.length === 0 ? shown`There are none.` : Shown.join(parts, '; ');
    return { verdict: stuck.length > 0 ? 'bad' : 'good', text, value: executors };
  });
}

/** A group that nobody handles is bad only while something waits for it. */
async function groups({ client, url, signal }: Session): Promise<Finding> {
  return look('groups', url, async () => {
    const { groups } = await client.consumers.list({ signal });
    const stuck = groups.filter(
      ({ handled, paused, lag, pending }) => (!handled || paused) && lag + pending > 0,
    );
    const parts = groups.map(({ group, members, paused, lag, handlers }) => {
      const where = counted(members.length, 'process', 'processes');
      const who = members.length === 0 ? 'nobody' : `${handlers.join(', ')} in ${where}`;
      return shown`${group} by ${who}${paused ? ', paused' : ''}, ${count(lag)} behind`;
    });
    const text = groups.length === 0 ? shown`There are none.` : Shown.join(parts, '; ');
    return { verdict: stuck.length > 0 ? 'bad' : 'good', text, value: groups };
  });
}

/** A look that the service refuses is a bad finding; one that the key has no scope for is only told. */
async function look(name: string, url: string, at: () => Promise<Omit<Finding, 'name'>>): Promise<Finding> {
  try {
    return { name, ...(await at()) };
  } catch (error) {
    const failure = failureOf(error, url);
    if (!failure) throw error;
    const { text, code } = failure;
    const isScope = error instanceof RunstreamClientError && error.status === 403;
    const value = error instanceof RunstreamClientError ? { code: error.code } : null;
    return { name, verdict: isScope ? 'told' : 'bad', text, value, code };
  }
}
