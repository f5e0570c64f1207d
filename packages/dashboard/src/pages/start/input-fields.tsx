import type { VNode } from 'preact';
import { visible } from '../../parts/text.js';
import type { Field } from './input-schema.js';

type Given = Readonly<Record<string, string>>;

interface InputFieldsProps {
  fields: readonly Field[];
  given: Given;
  onInput: (given: Record<string, string>) => void;
}

/** The input of an executor that says what it looks like. */
export function InputFields({ fields, given, onInput }: InputFieldsProps): VNode {
  return (
    <fieldset>
      <legend>Input</legend>
      {fields.map((field) => (
        <label key={field.name}>
          <span>
            <bdi>{visible(field.name)}</bdi>
            {field.isRequired || <span class="soft"> (optional)</span>}
          </span>
          <FieldInput
            field={field}
            value={given[field.name] ?? field.initial}
            onInput={(value) => onInput({ ...given, [field.name]: value })}
          />
          {field.hint && <small class="soft">{visible(field.hint)}</small>}
        </label>
      ))}
    </fieldset>
  );
}

interface FieldInputProps {
  field: Field;
  value: string;
  onInput: (value: string) => void;
}

function FieldInput({ field: { kind, choices, isRequired }, value, onInput }: FieldInputProps): VNode {
  if (kind === 'choice' || kind === 'boolean') {
    const options = kind === 'boolean' ? ['true', 'false'] : choices;
    return (
      <select value={value} required={isRequired} onChange={(event) => onInput(event.currentTarget.value)}>
        {(!isRequired || kind === 'boolean') && <option value="" />}
        {options.map((one) => (
          <option key={one} value={one}>
            {visible(one)}
          </option>
        ))}
      </select>
    );
  }
  return (
    <input
      {...(kind === 'number' ? { type: 'number', step: 'any' } : { type: 'text' })}
      required={isRequired}
      autocomplete="off"
      spellcheck={false}
      value={value}
      onInput={(event) => onInput(event.currentTarget.value)}
    />
  );
}
