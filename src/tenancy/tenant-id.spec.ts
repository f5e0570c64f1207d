import { describe, expect, it } from '@jest/globals';
import { ValidationFailedError } from '../common/index.js';
import { loadConfig } from '../config/index.js';
import { assertTenantId } from './tenant-id.js';

describe('assertTenantId', () => {
  it.each(['default', 'a', '0', 'acme-corp_7', 'a'.repeat(63)])('takes %s', (value) => {
    expect(() => assertTenantId(value)).not.toThrow();
    expect(loadConfig({ DEFAULT_TENANT_ID: value }).tenancy.defaultTenantId).toBe(value);
  });

  it.each([
    '',
    'a:b',
    'a{b',
    'a}b',
    '*',
    'a*',
    'acme\n',
    '\nacme',
    'a\nb',
    'acme\u0000',
    'Acme',
    '-acme',
    '_acme',
    'ä',
    'a b',
    'a,b',
    'a.b',
    'a'.repeat(64),
    undefined,
    null,
    7,
    ['acme'],
  ])('T55 refuses %j', (value) => {
    expect(() => assertTenantId(value, 'X-Tenant-ID')).toThrow(ValidationFailedError);
    expect(() => assertTenantId(value, 'X-Tenant-ID')).toThrow(/X-Tenant-ID: not a tenant id/);
    const text = typeof value === 'string' ? value.trim() : '';
    if (text !== '' && text === value)
      expect(() => loadConfig({ DEFAULT_TENANT_ID: text })).toThrow(/DEFAULT_TENANT_ID/);
  });
});
