import type { VNode } from 'preact';
import { Ago } from '../../parts/ago.js';
import { count, duration } from '../../parts/format.js';
import { Text } from '../../parts/text.js';
import { type ConsumerGroup, memberName } from '../../sentences/group-facts.js';

/** A process that was silent for longer does not come back. */
const GONE_MS = 60_000;

interface Line {
  name: string;
  pending: number;
  idleMs: number;
  member: ConsumerGroup['members'][number] | undefined;
}

/** Who handles a group, and who did and still holds events. */
export function MembersTable({ group, at }: { group: ConsumerGroup; at: number }): VNode {
  const lines = linesOf(group);
  return (
    <section aria-labelledby="consumers">
      <h2 id="consumers">Consumers</h2>
      {lines.length === 0 ? (
        <p class="soft">Nobody handles it.</p>
      ) : (
        <table class="lines">
          <thead>
            <tr>
              {['Name', 'State', 'Holds', 'Heard', 'At once', 'Lease', 'Version'].map((name) => (
                <th key={name} scope="col" class={['Holds', 'At once'].includes(name) ? 'number' : undefined}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {lines.map((line) => (
              <tr key={line.name}>
                <th scope="row">
                  <Text value={line.name} />
                </th>
                <td data-label="State">{stateOf(line)}</td>
                <td data-label="Holds" class="number">
                  {count(line.pending)}
                </td>
                <td data-label="Heard">
                  <Ago at={at - line.idleMs} />
                </td>
                <td data-label="At once" class="number">
                  {line.member ? count(line.member.concurrency) : '–'}
                </td>
                <td data-label="Lease">{line.member ? duration(line.member.lease_ms) : '–'}</td>
                <td data-label="Version">{line.member?.version ?? '–'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function stateOf({ member, idleMs, pending }: Line): VNode {
  if (member) return <span class="mark fine">● runs</span>;
  if (idleMs < GONE_MS) return <span class="mark quiet">○ stopped?</span>;
  return pending > 0 ? (
    <span class="mark stuck">✕ gone, holds events</span>
  ) : (
    <span class="mark quiet">○ gone</span>
  );
}

/** By name: a member is a consumer as soon as it was given something. */
function linesOf({ consumers, members }: ConsumerGroup): Line[] {
  const lines = new Map<string, Line>();
  for (const member of members) {
    const name = memberName(member.name);
    lines.set(name, { name, pending: 0, idleMs: member.idle_ms, member });
  }
  for (const { name: consumer, pending, idle_ms } of consumers) {
    const name = memberName(consumer);
    const before = lines.get(name);
    lines.set(name, {
      name,
      pending: pending + (before?.pending ?? 0),
      idleMs: Math.min(idle_ms, before?.idleMs ?? idle_ms),
      member: before?.member,
    });
  }
  return [...lines.values()].sort((a, b) => a.idleMs - b.idleMs);
}
