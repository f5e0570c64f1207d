import { getMetadataStorage } from 'class-validator';
import { MAX_VIOLATIONS, ValidationFailedError, type Violation } from '../../common/index.js';

type Dto = abstract new () => object;

const namesOf = new WeakMap<Dto, ReadonlySet<string>>();

/** What a body or a query holds, apart: what its class knows, and what is wrong with the rest. */
export interface Members {
  known: Record<string, unknown>;
  unknown: Violation[];
  /** Unknown members besides those: a million of them costs no more than counting. */
  uncounted: number;
}

export function splitMembers(value: object, Dto: Dto): Members {
  const names = knownNames(Dto);
  const members: Members = { known: {}, unknown: [], uncounted: 0 };
  for (const name of Object.keys(value)) {
    if (names.has(name)) members.known[name] = (value as Record<string, unknown>)[name];
    else if (members.unknown.length < MAX_VIOLATIONS) members.unknown.push(unknownMember(name));
    else members.uncounted++;
  }
  return members;
}

function unknownMember(path: string): Violation {
  return { path, message: 'unknown; remove it or correct its name' };
}

/** @throws ValidationFailedError for a body that is an array, a text, a number or null */
export function assertObject(body: unknown): asserts body is object {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return;
  throw new ValidationFailedError([{ path: '', message: 'the body must be a JSON object' }]);
}

/** Properties with a rule of class-validator: those are what a class takes. */
function knownNames(Dto: Dto): ReadonlySet<string> {
  let names = namesOf.get(Dto);
  if (!names) {
    const rules = getMetadataStorage().getTargetValidationMetadatas(Dto, '', false, false);
    names = new Set(rules.map(({ propertyName }) => propertyName));
    namesOf.set(Dto, names);
  }
  return names;
}
