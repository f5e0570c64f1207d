const Sequencer = require('@jest/test-sequencer').default;

/**
 * Those that take longest, most of it waiting. Jest knows what took long only from an earlier run, and else starts with
 * the largest file; one of these as the last would run alone.
 */
const LONG = [
  'examples/examples',
  'access/page',
  'faults/faults',
  'faults/processes',
  'setup/embedded-redis',
  'integration/executor-loss',
  'conformance/conformance',
  'consumer/recovery',
  'integration/slow-watchers',
  'faults/service',
  'access/jwt',
  'finding/finding',
  'access/foreign-pages',
  'integration/readme',
  'integration/shutdown',
  'hostile/reads',
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
