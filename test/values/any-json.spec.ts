import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isInstance, RunstreamError, silence } from '../../src/common/index.js';
import { EventTypeRegistry, prepareEvent, prepareRun } from '../../src/events/index.js';
import { anyValue } from './any-value.js';

/** `npm run values` takes ten thousand. */
const VALUES = Number(process.env['ANY_VALUES'] ?? 300);

const types = new EventTypeRegistry();
const event = { category: 'log', action: 'stdout' };

/** Where user code can put a value into an event or a run. The parts that are stored come back, as JSON. */
const PLACES: [place: string, prepare: (value: unknown) => string[]][] = [
  ['data', (value) => [bodyOf({ event, data: value })]],
  ['a member of data', (value) => [bodyOf({ event, data: { list: [value] } })]],
  ['metadata', (value) => [bodyOf({ event, data: {}, metadata: value })]],
  ['source', (value) => [bodyOf({ event, data: {}, source: value })]],
  ['context', (value) => [bodyOf({ event, data: {}, context: value })]],
  ['an event', (value) => [bodyOf(value)]],
  ['input', (value) => partsOf({ input: value })],
  ['a member of input', (value) => partsOf({ input: { value } })],
  ['labels', (value) => partsOf({ labels: value })],
  ['a label', (value) => partsOf({ labels: { value } })],
  ['context of a run', (value) => partsOf({ context: value })],
  ['key', (value) => partsOf({ key: value })],
];

function bodyOf(value: unknown): string {
  return `{${prepareEvent(value, types).body}}`;
}

function partsOf(run: object): string[] {
  const { input, labels } = prepareRun({ task: 'x', ...run });
  return [input, labels];
}

describe('Any value in an event or a run', () => {
  it.each(PLACES)(
    'T265 is stored as JSON or refused by a RunstreamError: %s',
    (_, prepare) => {
      fc.assert(
        fc.property(anyValue, ({ make }) => {
          let value: unknown;
          try {
            value = make();
          } catch {
            // Making an odd error may throw as well, when the tool that maps stacks reads its fields.
            return;
          }
          silence(value);
          try {
            for (const json of prepare(value)) expect(JSON.parse(json)).toEqual(expect.any(Object));
          } catch (error) {
            if (!isInstance(error, RunstreamError)) throw error;
            expect(['VALIDATION_FAILED', 'EVENT_TOO_LARGE', 'UNKNOWN_EVENT_TYPE']).toContain(error.code);
          }
        }),
        { numRuns: VALUES },
      );
    },
    900_000,
  );
});
