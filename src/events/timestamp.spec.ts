import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { normaliseTimestamp } from './timestamp.js';

describe('A timestamp', () => {
  it.each([
    ['2026-11-21T17:01:19.000Z', '2026-11-21T17:01:19.000Z'],
    ['2026-11-21T17:01:19', '2026-11-21T17:01:19.000Z'],
    ['2026-11-21 17:01', '2026-11-21T17:01:00.000Z'],
    ['2026-11-21', '2026-11-21T00:00:00.000Z'],
    ['2026-11-21t17:01:19z', '2026-11-21T17:01:19.000Z'],
    ['2026-11-21T17:01:19.123456789Z', '2026-11-21T17:01:19.123Z'],
    ['2026-11-21T17:01:19,5Z', '2026-11-21T17:01:19.500Z'],
    ['2026-11-21T17:01:19+05:30', '2026-11-21T11:31:19.000Z'],
    ['2026-11-21T17:01:19-0800', '2026-11-22T01:01:19.000Z'],
    ['2026-01-01T00:30:00+01', '2025-12-31T23:30:00.000Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
    ['0000-01-01T00:00:00Z', '0000-01-01T00:00:00.000Z'],
    ['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'],
  ])('%s is written %s', (text, expected) => {
    expect(normaliseTimestamp(text)).toBe(expected);
  });

  it.each([
    ...['', 'now', '1795279279000', '2026', '2026-11', '21.11.2026', 'Sat, 21 Nov 2026 17:01:19 GMT'],
    ...['2025-02-29', '2026-02-30T00:00:00Z', '2026-13-01', '2026-00-10', '2026-11-21T24:00:00Z'],
    ...[
      '2026-11-21T17:60:00Z',
      '2026-11-21T17:01:60Z',
      '2026-11-21T17:01:19+24:00',
      '2026-11-21T17:01:19+01:60',
    ],
    ...[
      '2026-11-21T17:01:19.Z',
      '2026-11-21T17:01:19Z\n',
      ' 2026-11-21',
      '2026-11-21T',
      '+002026-11-21T17:01:19Z',
    ],
    ...['0000-01-01T00:00:00+00:01', '9999-12-31T23:59:59-00:01'],
  ])('%j is none', (text) => {
    expect(normaliseTimestamp(text)).toBeUndefined();
  });

  it('is read back as it was written, and keeps the moment', () => {
    const date = fc.date({
      min: new Date('0000-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59.999Z'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(date, (moment) => {
        expect(normaliseTimestamp(moment.toISOString())).toBe(moment.toISOString());
      }),
    );
  });

  it('without a zone is UTC wherever the service runs', () => {
    const zone = process.env['TZ'];
    process.env['TZ'] = 'America/New_York';
    try {
      expect(normaliseTimestamp('2026-07-01T12:00:00')).toBe('2026-07-01T12:00:00.000Z');
    } finally {
      if (zone === undefined) delete process.env['TZ'];
      else process.env['TZ'] = zone;
    }
  });
});
