import { RedisScript } from '../../redis/index.js';

const script = (name: string) => new RedisScript(new URL(`./scripts/${name}.lua`, import.meta.url));

export const SCRIPTS = {
  take: script('take'),
  renew: script('renew'),
  again: script('again'),
  terms: script('terms'),
};
