const Sequencer = require('@jest/test-sequencer').default;

/**
 * Those that take longest, most of it waiting. Jest knows what took long only from an earlier run, and else starts with
 * the largest file; one of these as the last would run alone.
 */
const LONG = [
  'topologies/conformance',
  'examples/examples',
  'faults/service',
  'workers/executors',
  'workers/handlers',
  'faults/processes',
  'faults/faults',
  'integration/readme',
  'conformance/conformance',
  'integration/executor-loss',
  'group/recovery',
  'integration/slow-watchers',
  'delivery/later',
  'integration/shutdown',
  'client/follow',
  'integration/metrics',
  'pull/executors',
  'command/command.executor',
  'hostile/reads',
  'limits/shares',
  'access/keys-cli',
  'access/jwt',
];

const place = ({ path }) => {
  const found = LONG.findIndex((part) => path.includes(`/${part}.`));
  return found === -1 ? LONG.length : found;
};

module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    // Array.sort keeps the order of those that are equal: jest's own.
    return super.sort(tests).sort((a, b) => place(a) - place(b));
  }
};
