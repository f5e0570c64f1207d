import { RedisScript } from '../redis/index.js';

const script = (name: string) => new RedisScript(new URL(`./scripts/${name}.lua`, import.meta.url));

export const SCRIPTS = {
  putDefinition: script('put-definition'),
};
