import { RedisScript } from '../redis/index.js';

const script = (name: string) => new RedisScript(new URL(`./scripts/${name}.lua`, import.meta.url));

export const SCRIPTS = {
  append: script('append'),
  appendOne: script('append-one'),
  create: script('create'),
  claimRequest: script('claim-request'),
  read: script('read'),
  findRuns: script('find-runs'),
  readRuns: script('read-runs'),
  locate: script('locate'),
  lost: script('lost'),
  delete: script('delete'),
  forget: script('forget'),
  takeUp: script('take-up'),
  dispatchBeat: script('dispatch-beat'),
  dispatchRelease: script('dispatch-release'),
  dispatchSettle: script('dispatch-settle'),
  dispatchSweep: script('dispatch-sweep'),
  dispatchTidy: script('dispatch-tidy'),
  endLost: script('end-lost'),
  readJournal: script('read-journal'),
  journalInfo: script('journal-info'),
  trimJournal: script('trim-journal'),
  storedBytes: script('stored-bytes'),
  partitions: script('partitions'),
  raisePartitions: script('raise-partitions'),
};
