/** A member of the input, as a field. */
export interface Field {
  name: string;
  kind: 'text' | 'number' | 'boolean' | 'choice' | 'json';
  choices: readonly string[];
  isRequired: boolean;
  hint: string;
  initial: string;
}

const MAX_FIELDS = 20;
const KINDS: Readonly<Record<string, Field['kind']>> = {
  string: 'text',
  number: 'number',
  integer: 'number',
  boolean: 'boolean',
};

interface Schema {
  type?: unknown;
  enum?: unknown;
  default?: unknown;
  description?: unknown;
  properties?: unknown;
  required?: unknown;
}

/** The fields of a flat object; undefined for any other JSON Schema: then the input is written as JSON. */
export function fieldsOf(schema: unknown): Field[] | undefined {
  const { type, properties, required } = (schema ?? {}) as Schema;
  if (type !== 'object' || typeof properties !== 'object' || properties === null) return undefined;
  const entries = Object.entries(properties as Record<string, Schema>);
  if (entries.length === 0 || entries.length > MAX_FIELDS) return undefined;
  const needed = Array.isArray(required) ? required : [];
  const fields = entries.map(([name, member]) => fieldOf(name, member, needed.includes(name)));
  return fields.every(({ kind, isRequired }) => kind !== 'json' || !isRequired) ? fields : undefined;
}

function fieldOf(
  name: string,
  { type, enum: values, default: given, description }: Schema,
  isRequired: boolean,
): Field {
  const choices = Array.isArray(values) && values.every((one) => typeof one === 'string') ? values : [];
  const kind = choices.length > 0 ? 'choice' : (KINDS[String(type)] ?? 'json');
  const initial =
    given === undefined ? '' : typeof given === 'string' && kind !== 'json' ? given : JSON.stringify(given);
  return {
    name,
    kind,
    choices,
    isRequired,
    hint: typeof description === 'string' ? description : '',
    initial: initial === '' && isRequired && kind === 'choice' ? (choices[0] ?? '') : initial,
  };
}

/**
 * The input that the fields say. What is empty and not needed is left out.
 *
 * @throws SyntaxError with the field's name, when its JSON is none
 */
export function inputOf(
  fields: readonly Field[],
  given: Readonly<Record<string, string>>,
): Record<string, unknown> {
  const input: Record<string, unknown> = {};
  for (const { name, kind, isRequired, initial } of fields) {
    const text = given[name] ?? initial;
    if (text === '' && !(isRequired && kind === 'text')) continue;
    if (kind === 'number') input[name] = Number(text);
    else if (kind === 'boolean') input[name] = text === 'true';
    else if (kind === 'json') input[name] = parsed(text, name);
    else input[name] = text;
  }
  return input;
}

function parsed(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new SyntaxError(`${name} is no JSON: text stands in quotes.`);
  }
}
