import { RedisScript } from '../redis/index.js';

const script = (name: string) => new RedisScript(new URL(`./scripts/${name}.lua`, import.meta.url));

export const SCRIPTS = {
  atRest: script('at-rest'),
  touch: script('touch'),
  sweep: script('sweep'),
  member: script('member'),
  reschedule: script('reschedule'),
  inherit: script('inherit'),
  busy: script('busy'),
};
