import { type RemoteOptions, type RemoteReport, runRemoteFaults } from './remote-faults.js';

/** What came of one seed, in one line. */
export function line(found: RemoteReport): string {
  const { seed, runs, events, restarts, faults, settledIn, seconds, violations } = found;
  const made = Object.entries(faults).map(([name, count]) => `${name} ${count}`);
  return (
    `seed ${seed}: ${runs} runs, ${events} events, ${restarts} restarts, ${seconds} s, ${settledIn} of it after the last fault (${made.join(', ')}): ` +
    (violations.length === 0 ? 'kept' : `${violations.length} violations`)
  );
}

/** @returns whether all was kept */
export async function remoteCli(
  { seeds: [first, last], ...options }: Omit<RemoteOptions, 'seed'> & { seeds: [number, number] },
  say: (text: string) => void,
): Promise<boolean> {
  let isKept = true;
  for (let seed = first; seed <= last; seed++) {
    const found = await runRemoteFaults({ ...options, seed });
    say(line(found));
    for (const one of found.violations.slice(0, 20)) say(`  ${one.broken}: ${one.where}: ${one.detail}`);
    isKept &&= found.violations.length === 0;
  }
  return isKept;
}
