/** A JSON object that belongs to the caller. */
export const JSON_OBJECT = { type: 'object' as const, additionalProperties: true };

export const LABELS = {
  type: 'object' as const,
  additionalProperties: { type: 'string' as const, maxLength: 255 },
};

/** Any JSON value. Spelled out, since a property without a type would be documented as an object. */
export const JSON_VALUE = {
  nullable: true,
  oneOf: [
    JSON_OBJECT,
    { type: 'array' as const, items: {} },
    { type: 'string' as const },
    { type: 'number' as const },
    { type: 'boolean' as const },
  ],
};
