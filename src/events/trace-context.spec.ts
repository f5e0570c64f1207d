import { describe, expect, it } from '@jest/globals';
import { readTraceHeaders, readTraceparent, readTracestate } from './trace-context.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

describe('A traceparent', () => {
  it.each(['00', '01', '02', 'ff'])('is kept with the flags %s', (flags) => {
    expect(readTraceparent(`00-${TRACE}-${SPAN}-${flags}`)).toBe(`00-${TRACE}-${SPAN}-${flags}`);
  });

  it.each([
    [`01-${TRACE}-${SPAN}-01`, '01'],
    [`cc-${TRACE}-${SPAN}-01-what-the-future-will-be-like`, '01'],
    [`fe-${TRACE}-${SPAN}-ff-`, '03'],
  ])('of a later version is read as far as it is known: %s', (text, flags) => {
    expect(readTraceparent(text)).toBe(`00-${TRACE}-${SPAN}-${flags}`);
  });

  it.each<[unknown]>([
    [undefined],
    [7],
    [''],
    [`00-${TRACE}-${SPAN}`],
    [`00-${TRACE}-${SPAN}-`],
    [`00-${TRACE}-${SPAN}-1`],
    [`00-${TRACE}-${SPAN}-001`],
    [`00-${TRACE}-${SPAN}-0g`],
    [`00-${TRACE}-${SPAN}-01-`],
    [`00-${TRACE}-${SPAN}-01-more`],
    [`00-${TRACE}-${SPAN}-01 `],
    [` 00-${TRACE}-${SPAN}-01`],
    [`00-${TRACE}-${SPAN}-01\n`],
    [`00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`],
    [`00-${TRACE.toUpperCase()}-${SPAN}-01`],
    [`00-${'0'.repeat(32)}-${SPAN}-01`],
    [`00-${TRACE}-${'0'.repeat(16)}-01`],
    [`00-${TRACE.slice(1)}-${SPAN}-01`],
    [`00-${TRACE}-${SPAN}0-01`],
    [`ff-${TRACE}-${SPAN}-01`],
    [`cc-${TRACE}-${SPAN}-01more`],
    [`0-${TRACE}-${SPAN}-01`],
  ])('is none: %j', (value) => {
    expect(readTraceparent(value)).toBeUndefined();
  });
});

describe('A tracestate', () => {
  it.each([
    ['vendor=value', 'vendor=value'],
    ['a=1,b=2', 'a=1,b=2'],
    [' a=1 ,\t b= 2 ,, ', 'a=1,b= 2'],
    ['tenant@system=x', 'tenant@system=x'],
    ['0a/b*c-d_e=!#$%&()~', '0a/b*c-d_e=!#$%&()~'],
    [`a=${'x'.repeat(256)}`, `a=${'x'.repeat(256)}`],
    [
      Array.from({ length: 32 }, (_, i) => `k${i}=v`).join(','),
      Array.from({ length: 32 }, (_, i) => `k${i}=v`).join(','),
    ],
  ])('is kept: %s', (text, kept) => {
    expect(readTracestate(text)).toBe(kept);
  });

  it.each<[string, unknown]>([
    ['no text', 7],
    ['nothing', ''],
    ['only commas', ' , ,'],
    ['no value', 'a='],
    ['no key', '=a'],
    ['no pair', 'a'],
    ['a key in upper case', 'A=1'],
    ['two signs', 'a=b=c'],
    ['a control character', 'a=\u0007'],
    ['a letter beyond ASCII', 'a=ä'],
    ['a key twice', 'a=1,a=2'],
    ['a value of 257 characters', `a=${'x'.repeat(257)}`],
    ['33 members', Array.from({ length: 33 }, (_, i) => `k${i}=v`).join(',')],
    ['513 characters', `a=${'x'.repeat(253)},b=${'x'.repeat(255)}`],
  ])('is none: %s', (_, value) => {
    expect(readTracestate(value)).toBeUndefined();
  });
});

describe('The headers of a request', () => {
  it('are a trace with or without a state; a malformed state goes by itself', () => {
    const traceparent = `00-${TRACE}-${SPAN}-01`;
    expect(readTraceHeaders(traceparent, undefined)).toEqual({ traceparent, tracestate: null });
    expect(readTraceHeaders(traceparent, 'a=1')).toEqual({ traceparent, tracestate: 'a=1' });
    expect(readTraceHeaders(traceparent, 'A=1')).toEqual({ traceparent, tracestate: null });
    expect(readTraceHeaders(undefined, 'a=1')).toBeUndefined();
    expect(readTraceHeaders('nonsense', 'a=1')).toBeUndefined();
  });
});
