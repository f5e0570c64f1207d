import { GatheredScript, RedisScript } from '../redis/index.js';

const fileOf = (name: string) => new URL(`./scripts/${name}.lua`, import.meta.url);
const script = (name: string) => new RedisScript(fileOf(name));

export const SCRIPTS = {
  atRest: new GatheredScript(fileOf('at-rest'), 50),
  touch: script('touch'),
  noteBucket: script('note-bucket'),
  notedBuckets: script('noted-buckets'),
  sweep: new GatheredScript(fileOf('sweep'), 16),
  member: new GatheredScript(fileOf('member'), 50),
  reschedule: script('reschedule'),
  inherit: script('inherit'),
  busy: new GatheredScript(fileOf('busy'), 16),
};
