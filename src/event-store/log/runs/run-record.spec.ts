import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readRunRecord } from './run-record.js';

const FIELDS = [
  'id', 'executor', 'task', 'input', 'labels', 'context', 'status', 'attempt', 'created_at', 'started_at',
  'completed_at', 'result', 'error', 'sequence', 'expires_at', 'n:log.stdout', 'n:__proto__', 'odd',
]; // prettier-ignore

describe('A run record', () => {
  it('T210 that can not be read has defaults, and breaks no list', () => {
    const record = readRunRecord('t', ['id', 'r', 'task', '', 'input', '', 'labels', '{', 'context', '5']);
    expect(record).toMatchObject({ id: 'r', task: '', input: {}, labels: {}, status: 'pending' });
    expect(record.context).toMatchObject({ artifact_paths: [] });
  });

  it('T210 is read from any text', () => {
    const value = fc.oneof(fc.string(), fc.json(), fc.constantFrom('', 'null', '[]', '1e999', 'undefined'));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...FIELDS), value)), (fields) => {
        const record = readRunRecord('t', fields.flat());
        expect(() => new Date(record.createdAt).toISOString()).not.toThrow();
        for (const number of [record.attempt, record.sequence, ...Object.values(record.events)]) {
          expect(Number.isFinite(number)).toBe(true);
        }
        expect(typeof record.input).toBe('object');
        expect(Array.isArray(record.context.artifact_paths)).toBe(true);
      }),
    );
  });
});
