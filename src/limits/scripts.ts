import { RedisScript } from '../redis/index.js';

const script = (name: string) => new RedisScript(new URL(`./scripts/${name}.lua`, import.meta.url));

export const SCRIPTS = {
  leaseRequests: script('lease-requests'),
  holdStreams: script('hold-streams'),
};
