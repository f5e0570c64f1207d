/** A JSON object that belongs to the caller. */
export const JSON_OBJECT = { type: 'object' as const, additionalProperties: true };

export const LABELS = { type: 'object' as const, additionalProperties: { type: 'string' as const, maxLength: 255 } };
