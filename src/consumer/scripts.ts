import { RedisScript } from '../redis/index.js';

const script = (name: string) => new RedisScript(new URL(`./scripts/${name}.lua`, import.meta.url));

export const SCRIPTS = {
  begin: script('begin'),
  beat: script('beat'),
  settle: script('settle'),
  take: script('take'),
  claimStale: script('claim-stale'),
  takeOver: script('take-over'),
  handOn: script('hand-on'),
  park: script('park'),
  unpark: script('unpark'),
  own: script('own'),
  outlook: script('outlook'),
  ensureGroup: script('ensure-group'),
  saveCursor: script('save-cursor'),
  removeConsumers: script('remove-consumers'),
  groupInfo: script('group-info'),
  pending: script('pending'),
  pause: script('pause'),
  replay: script('replay'),
  removeGroup: script('remove-group'),
  announce: script('announce'),
  readDead: script('read-dead'),
  redrive: script('redrive'),
  idempotencyClaim: script('idempotency-claim'),
  idempotencySettle: script('idempotency-settle'),
};
