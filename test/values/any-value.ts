import fc from 'fast-check';
import { HandlerResult } from '../../src/consumer/index.js';

/** A value that user code throws or gives back. Made when it is used: nobody awaits a rejected Promise until then. */
export interface AnyValue {
  make: () => unknown;
  /** What it means as a result, by the docs. */
  means: 'success' | 'failure';
}

const plain = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
});

const TRAPS = ['get', 'has', 'ownKeys', 'getPrototypeOf', 'getOwnPropertyDescriptor', 'apply'] as const;
const ERROR_FIELDS = [
  'name',
  'message',
  'stack',
  'code',
  'cause',
  'errors',
  'constructor',
  'toString',
  'then',
];

const hostile: fc.Arbitrary<() => unknown> = fc.oneof(
  // A proxy some of whose traps throw.
  fc
    .tuple(
      fc.constantFrom({}, [], new Error('x'), () => undefined),
      fc.subarray([...TRAPS]),
      plain,
    )
    .map(
      ([target, traps, thrown]) =>
        () =>
          new Proxy(target, Object.fromEntries(traps.map((trap) => [trap, thrower(thrown)]))),
    ),
  fc
    .constantFrom<object>({}, () => undefined)
    .map((target) => () => {
      const { proxy, revoke } = Proxy.revocable(target, {});
      revoke();
      return proxy;
    }),
  // An error whose fields are anything, or getters that throw.
  fc
    .tuple(fc.dictionary(fc.constantFrom(...ERROR_FIELDS), plain), fc.subarray(ERROR_FIELDS), plain)
    .map(([fields, throwing, thrown]) => () => {
      const error = new Error('x');
      for (const [name, value] of Object.entries(fields)) Object.defineProperty(error, name, { value });
      for (const name of throwing.filter((one) => !(one in fields))) {
        Object.defineProperty(error, name, { get: thrower(thrown) });
      }
      return error;
    }),
  plain.map((message) => () => ({ message, code: Symbol('code') })),
  plain.map((value) => () => {
    const cyclic: { cause?: unknown; value: unknown } = Object.assign(new Error('round'), { value });
    cyclic.cause = new AggregateError([cyclic, value]);
    return cyclic;
  }),
  fc.constantFrom(
    () => 'x'.repeat(3_000_000),
    () => Object.assign(new Error('y'.repeat(3_000_000)), { code: 'z'.repeat(3_000_000) }),
    () => 10n ** 5000n,
    () => Symbol('odd'),
    () => (function* () {})(),
    () => new (class Result { outcome = 'success'; })(), // prettier-ignore
    () => HandlerResult.retry({ delayMs: NaN }),
    () => HandlerResult.retry({ delayMs: '5' as unknown as number }),
    () => HandlerResult.fail(Object.create(null) as string),
    () => ({ data: HandlerResult.success() }),
    () => ({ then: thrower(Object.create(null)) }),
  ),
  plain.map((value) => async () => thrower(value)()),
);

export const anyValue: fc.Arbitrary<AnyValue> = fc.oneof(
  { weight: 4, arbitrary: hostile.map((make): AnyValue => ({ make, means: 'failure' })) },
  {
    weight: 4,
    arbitrary: plain.map((value): AnyValue => ({
      make: () => value,
      means: value == null ? 'success' : 'failure',
    })),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom<() => unknown>(
        () => undefined,
        () => Promise.resolve(null),
        () => HandlerResult.success(['a']),
        () => ({ then: (resolve: () => void) => { resolve(); } }), // prettier-ignore
      )
      .map((make): AnyValue => ({ make, means: 'success' })),
  },
);

/** Throws a value: also as a getter, or a trap of a proxy. */
function thrower(value: unknown): () => never {
  return () => {
    throw value;
  };
}
