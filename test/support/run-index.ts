import type { TestStore } from './event-store.js';

/** What the index of a tenant's runs holds, and what it should by their records: without those of runs that are gone. */
export async function runIndexOf({
  redis,
  store,
  tenant,
}: Pick<TestStore, 'redis' | 'store' | 'tenant'>): Promise<{ is: string[]; should: string[] }> {
  const { commands } = redis;
  const { runs, index } = store.keys.partition(tenant, 0);
  const should: string[] = [];
  for (const id of await commands.zrange(runs, 0, '-1')) {
    const run = await commands.hgetall(store.keys.run(tenant, id).run);
    if (run['id'] === undefined) continue;
    const terms = [`s${run['status']}`, `x${run['executor']}`];
    if (run['key'] !== undefined) terms.push(`k${run['key']}`);
    for (const [name, value] of Object.entries(JSON.parse(run['labels'] ?? '{}') as Record<string, string>))
      terms.push(`l${name}:${value.replaceAll('\x01', '\x01\x02').replaceAll('\0', '\x01\x01')}`);
    if (run['status'] === 'running' && run['executor'] !== 'external') terms.push('h');
    should.push(...terms.map((term) => `${term}\0${id}`));
  }
  return { is: (await commands.zrange(index, 0, '-1')).sort(), should: should.sort() };
}
