import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { Text } from '../../parts/text.js';
import { bytesText, LongText } from './long-text.js';

/** What is longer stands by itself. */
const LONG = 4096;
const MAX_LONG = 50;
const IMAGE = /^data:image\/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+$/;

interface LongValue {
  path: string;
  text: string;
}

/** JSON for reading: long texts by themselves, below it. */
export function JsonView({ value }: { value: unknown }): VNode {
  const long: LongValue[] = [];
  const short = shorten(value, '', long);
  return (
    <>
      <LongText text={typeof short === 'string' ? short : JSON.stringify(short, null, 2)} />
      {long.map((one) => (
        <LongValueView key={one.path} value={one} />
      ))}
    </>
  );
}

function LongValueView({ value: { path, text } }: { value: LongValue }): VNode {
  const isOpen = useSignal(false);
  const type = dataType(text);
  return (
    <div class="long-value">
      <button type="button" aria-expanded={isOpen.value} onClick={() => (isOpen.value = !isOpen.value)}>
        {isOpen.value ? 'Hide' : 'Show'} <Text value={path === '' ? 'the text' : path} /> (
        {type === undefined ? '' : `${type}, `}
        {bytesText(text.length)})
      </button>
      {isOpen.value &&
        (IMAGE.test(text) ? <img src={text} alt={`image in ${path}`} /> : <LongText text={text} />)}
    </div>
  );
}

function shorten(value: unknown, path: string, long: LongValue[]): unknown {
  if (typeof value === 'string') {
    if (long.length >= MAX_LONG) return value;
    const type = dataType(value);
    if (value.length <= LONG && type === undefined) return value;
    long.push({ path, text: value });
    return `⟨${type ?? 'text'}, ${bytesText(value.length)}: below⟩`;
  }
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((one, at) => shorten(one, `${path}[${at}]`, long));
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [
      name,
      shorten(one, path === '' ? name : `${path}.${name}`, long),
    ]),
  );
}

/** Of a data URL; undefined for any other text. */
function dataType(text: string): string | undefined {
  return /^data:([\w.+-]+\/[\w.+-]+)?[;,]/.exec(text.slice(0, 200))?.[1];
}
