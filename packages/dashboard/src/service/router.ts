import { signal } from '@preact/signals';

/** A place of the page: `#/runs/ID?e=42`. `/runs/…` itself is a route of the service. */
export interface Place {
  /** Decoded. */
  parts: readonly string[];
  query: URLSearchParams;
}

export const place = signal<Place>(read());

addEventListener('hashchange', () => (place.value = read()));

function read(): Place {
  const [path = '', query = ''] = location.hash.replace(/^#/, '').split('?');
  return { parts: path.split('/').filter(Boolean).map(decode), query: new URLSearchParams(query) };
}

/** A link somebody wrote by hand may hold anything. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export type Query = Readonly<Record<string, string | number | undefined>>;

/** The address of a place. What has no value is left out. */
export function href(parts: readonly string[], query: Query = {}): string {
  const entries = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  const text = new URLSearchParams(entries.map(([name, value]) => [name, String(value)])).toString();
  return `#/${parts.map(encodeURIComponent).join('/')}${text === '' ? '' : `?${text}`}`;
}

export function go(parts: readonly string[], query: Query = {}): void {
  location.hash = href(parts, query);
}

/** Says in the address what is shown, for a colleague to see the same, and for no step back. */
export function note(query: Query): void {
  const all = { ...Object.fromEntries(place.value.query), ...query };
  history.replaceState(null, '', href(place.value.parts, all));
  place.value = read();
}
