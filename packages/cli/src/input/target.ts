import { UsageError } from '../failure.js';

const DEFAULT_URL = 'http://127.0.0.1:3000';

/** Where a service is, and who asks. */
export interface Target {
  url: string;
  key: string | undefined;
  tenant: string | undefined;
}

/** What one place says of it: the command line, the environment, a file. */
export type Said = Partial<Target>;

export interface Places {
  options: Said;
  environment: Said;
  /** `.env` of the folder that the program was started in. */
  folder: Said;
  profile: Said;
  /** Whether the command line names the profile. */
  isProfileNamed: boolean;
}

/**
 * The command line counts first, then the environment, the folder, the profile. A profile that is named counts before
 * the two, and they are not asked.
 *
 * A key goes to no address that it was not meant for: what stands after the place of the address gives no key. And a
 * folder that someone else has written can't have the key of the environment sent to an address of its choice.
 *
 * @throws UsageError
 */
export function targetOf({ options, environment, folder, profile, isProfileNamed }: Places): Target {
  const places = isProfileNamed ? [options, profile] : [options, environment, folder, profile];
  const at = places.findIndex(({ url }) => url !== undefined);
  const asked = at === -1 ? places : places.slice(0, at + 1);
  // Options and environment are both the caller's own.
  if (!isProfileNamed && at === 0) asked.push(environment);
  const key = asked.find((place) => place.key !== undefined);
  const url = checkedUrl(places[at]?.url ?? DEFAULT_URL);
  if (places[at] === folder && key === environment && key.key !== undefined && !isLoopback(url)) {
    throw new UsageError(
      `The address ${url} stands in .env, the key in the environment. Give --url, or put both in one place.`,
    );
  }
  return { url, key: key?.key, tenant: asked.find(({ tenant }) => tenant !== undefined)?.tenant };
}

function checkedUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '') {
    throw new UsageError(`"${text}" is no address of a service. Give one like ${DEFAULT_URL}.`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new UsageError('An address has no user and no password. Give a key with --key or RUNSTREAM_KEY.');
  }
  return url.href.replace(/\/+$/, '');
}

function isLoopback(url: string): boolean {
  return /^(localhost|127\.[\d.]+|\[::1\])$/.test(new URL(url).hostname);
}
