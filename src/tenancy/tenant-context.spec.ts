import { describe, expect, it } from '@jest/globals';
import { setImmediate } from 'node:timers/promises';
import { ValidationFailedError } from '../common/index.js';
import { TenantContext } from './tenant-context.js';

describe('TenantContext', () => {
  it('T54 fails outside a context and never falls back', async () => {
    const context = new TenantContext();
    expect(() => context.tenantId).toThrow(/no tenant here/);
    await context.run('acme', () => setImmediate());
    expect(() => context.tenantId).toThrow(/no tenant here/);
  });

  it('T55 takes no tenant id that could forge a key', () => {
    expect(() => new TenantContext().run('a:b', () => 1)).toThrow(ValidationFailedError);
  });

  it('T56 keeps interleaved work apart, and nests', async () => {
    const context = new TenantContext();
    const ask = async () => {
      for (let turn = 0; turn < 5; turn++) await setImmediate();
      return context.tenantId;
    };
    const tenants = Array.from({ length: 50 }, (_, index) => `tenant-${index}`);
    expect(await Promise.all(tenants.map((tenant) => context.run(tenant, ask)))).toEqual(tenants);
    expect(
      context.run('outer', () => [context.run('inner', () => context.tenantId), context.tenantId]),
    ).toEqual(['inner', 'outer']);
  });
});
