type TypeName = 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean' | 'null';

/** The part of an OpenAPI 3.1 schema that this project's document uses. */
export interface Schema {
  readonly $ref?: string;
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly type?: TypeName | readonly TypeName[];
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly title?: string;
  readonly description?: string;
  readonly example?: unknown;
  readonly default?: unknown;
}

const ANNOTATIONS = ['title', 'description', 'example', 'default'];
const CHECKED = [
  ...['$ref', 'allOf', 'anyOf', 'oneOf', 'type', 'enum', 'properties', 'required', 'additionalProperties'],
  ...['items', 'minItems', 'maxItems', 'minLength', 'maxLength', 'minimum', 'maximum', 'pattern', 'format'],
];

/**
 * Compares values with the document's schemas, more strictly than a validator would: a property that is not
 * documented is wrong, and so is a keyword that this class does not know, since it would check nothing.
 */
export class SchemaCheck {
  constructor(private readonly schemas: Readonly<Record<string, Schema>>) {}

  named(name: string): Schema {
    const schema = this.schemas[name];
    if (!schema) throw new Error(`There is no schema ${name}.`);
    return schema;
  }

  /** The schema, or what it refers to. */
  resolve(schema: Schema): Schema {
    return schema.$ref === undefined ? schema : this.named(schema.$ref.replace('#/components/schemas/', ''));
  }

  /** What is wrong with the value, one sentence each; empty when nothing is. */
  problems(schema: Schema, value: unknown, path = '$'): string[] {
    const unknown = Object.keys(schema).filter((key) => !CHECKED.includes(key) && !ANNOTATIONS.includes(key));
    if (unknown.length > 0)
      return [`${path}: the schema has keywords that nobody checks: ${unknown.join(', ')}`];
    if (schema.$ref !== undefined) {
      return this.problems(this.resolve(schema), value, path);
    }
    const wrong: string[] = [];
    if (schema.enum && !schema.enum.includes(value)) wrong.push(`${path} is none of the enum`);
    for (const part of schema.allOf ?? []) wrong.push(...this.problems(part, value, path));
    if (schema.oneOf) {
      const fitting = schema.oneOf.filter((part) => this.problems(part, value, path).length === 0).length;
      if (fitting !== 1) wrong.push(`${path} fits ${fitting} of oneOf`);
    }
    if (schema.anyOf && !schema.anyOf.some((part) => this.problems(part, value, path).length === 0))
      wrong.push(`${path} fits none of anyOf`);
    if (schema.type !== undefined) {
      const types = [schema.type].flat();
      const problems = types.map((type) => this.typed(schema, type, value, path));
      wrong.push(...(problems.find((found) => found.length === 0) ?? problems[0] ?? []));
    }
    return wrong;
  }

  private typed(schema: Schema, type: TypeName, value: unknown, path: string): string[] {
    switch (type) {
      case 'object':
        return isObject(value) ? this.inObject(schema, value, path) : [`${path} is no object`];
      case 'array':
        return Array.isArray(value) ? this.inArray(schema, value, path) : [`${path} is no array`];
      case 'string':
        return typeof value === 'string' ? inString(schema, value, path) : [`${path} is no string`];
      case 'integer':
      case 'number':
        if (typeof value !== 'number') return [`${path} is no number`];
        if (type === 'integer' && !Number.isInteger(value)) return [`${path} is no integer`];
        return outside(value, schema.minimum, schema.maximum, path);
      case 'boolean':
        return typeof value === 'boolean' ? [] : [`${path} is no boolean`];
      case 'null':
        return value === null ? [] : [`${path} is not null`];
    }
  }

  private inObject(schema: Schema, value: Record<string, unknown>, path: string): string[] {
    const { properties = {}, required = [], additionalProperties, allOf } = schema;
    const wrong = required.filter((key) => !(key in value)).map((key) => `${path}.${key} is missing`);
    // With allOf, what an object may hold stands in its parts.
    const others = additionalProperties ?? allOf !== undefined;
    for (const [key, item] of Object.entries(value)) {
      const at = `${path}.${key}`;
      const known = Object.hasOwn(properties, key) ? properties[key] : undefined;
      if (known) wrong.push(...this.problems(known, item, at));
      else if (typeof others === 'object') wrong.push(...this.problems(others, item, at));
      else if (!others) wrong.push(`${at} is not documented`);
    }
    return wrong;
  }

  private inArray(schema: Schema, value: readonly unknown[], path: string): string[] {
    const { items, minItems, maxItems } = schema;
    const wrong = outside(value.length, minItems, maxItems, `${path}.length`);
    for (const [i, item] of value.entries()) {
      if (items) wrong.push(...this.problems(items, item, `${path}[${i}]`));
    }
    return wrong;
  }
}

function inString(schema: Schema, value: string, path: string): string[] {
  const wrong = outside(Array.from(value).length, schema.minLength, schema.maxLength, `${path}.length`);
  if (schema.pattern !== undefined && !new RegExp(schema.pattern, 'u').test(value)) {
    wrong.push(`${path} does not match ${schema.pattern}`);
  }
  if (schema.format === 'date-time' && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value)) {
    wrong.push(`${path} is no time in UTC with milliseconds`);
  }
  return wrong;
}

function outside(value: number, minimum = -Infinity, maximum = Infinity, path = ''): string[] {
  return value < minimum || value > maximum ? [`${path} is ${value}, not ${minimum} to ${maximum}`] : [];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
