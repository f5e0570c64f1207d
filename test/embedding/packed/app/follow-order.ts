import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Runstream } from 'runstream';
import { HostModule } from './host.module.js';

/** What a test of the application's does: no server, and a run that is followed from code. */
export async function followOrder(): Promise<{ types: string[]; result: unknown }> {
  const module = await Test.createTestingModule({ imports: [HostModule] }).compile();
  const app: INestApplication = module.createNestApplication({ logger: false });
  await app.init();
  try {
    const runs = app.get(Runstream);
    const { id } = await runs.start({ executor: 'summarise', task: 'order 8' });
    const types: string[] = [];
    for await (const update of runs.watch(id)) {
      if (update.kind !== 'event') continue;
      types.push(`${update.event.event.category}.${update.event.event.action}`);
    }
    return { types, result: (await runs.get(id)).result };
  } finally {
    await app.close();
  }
}
