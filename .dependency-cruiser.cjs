/**
 * The directions between the modules (docs/architecture.md, section 1), held by `npm run lint`.
 *
 * A module is a folder of src/. `MODULES` says which other modules each may import; a name with
 * `(types)` may be imported for its types only. A folder that is not listed here fails the check:
 * a new module begins with a line in this table.
 */
const MODULES = {
  common: [],
  events: ['common'],
  config: ['common'],
  tracing: ['events', 'common'],
  redis: ['config', 'common'],
  limits: ['config', 'redis', 'common'],
  health: ['common', 'auth', 'http'],
  metrics: ['config', 'common', 'auth', 'http'],
  operations: ['runs', 'pull', 'consumer', 'events', 'tenancy', 'auth', 'common', 'config', 'http', 'limits'],
  dashboard: ['auth', 'common'],
  tenancy: ['common', 'config'],
  auth: ['redis', 'common', 'tenancy', 'http', 'config', 'limits'],
  http: ['common', 'config'],
  'stream-consumer': ['redis', 'common'],
  'event-store': ['config', 'limits', 'stream-consumer', 'redis', 'events', 'common'],
  consumer: ['config', 'stream-consumer', 'event-store', 'redis', 'events', 'tenancy', 'tracing', 'common'],
  // A recording is read as an upload is: line by line.
  executors: ['config', 'http', 'event-store', 'events', 'tracing', 'common'],
  dispatch: [
    'executors',
    'config',
    'consumer',
    'stream-consumer',
    'event-store',
    'events',
    'tenancy',
    'tracing',
    'common',
  ],
  // Work for programs outside, over HTTP: the same claims, leases and settlements as for classes.
  pull: [
    'dispatch',
    'executors',
    'consumer',
    'stream-consumer',
    'event-store',
    'events',
    'redis',
    'tenancy',
    'auth',
    'http',
    'common',
  ],
  runs: [
    'pull',
    'dispatch',
    'executors',
    'config',
    'limits',
    'stream-consumer',
    'consumer',
    'event-store',
    'events',
    'tenancy',
    'tracing',
    'auth',
    'common',
    'http',
    'redis (types)',
  ],
  // Clients of other ecosystems, on what applications have too (src/index.ts). Of the rest: `runs` writes its streams and
  // waits for the ends of runs, `event-store` watches logs and registers types, `http` gives errors their form.
  adapters: ['runs', 'events', 'tenancy', 'auth', 'http', 'config', 'event-store', 'common'],
  // For tests of applications, never for the service: it may reach for all that handlers and executors need.
  testing: [
    'dispatch',
    'executors',
    'consumer',
    'event-store',
    'events',
    'redis',
    'runs',
    'tenancy',
    'common',
  ],
};

const TYPES_ONLY = ' (types)';
/** Tests stand beside the code but are no part of it: they may reach for any module, and for test/support. */
const TEST_FILE = '\\.(spec|int-spec)\\.ts$';

const nameOf = (entry) => entry.replace(TYPES_ONLY, '');
const anyOf = (names) => `(${names.join('|')})`;

const directions = Object.entries(MODULES).map(([name, imports]) => ({
  name: `direction-${name}`,
  comment: `${name} may import ${imports.length > 0 ? imports.join(', ') : 'no other module'} (docs/architecture.md, section 1).`,
  severity: 'error',
  from: { path: `^src/${name}/`, pathNot: TEST_FILE },
  to: { path: `^src/(?!${anyOf([name, ...imports.map(nameOf)])}/)` },
}));

const typesOnly = Object.entries(MODULES).flatMap(([name, imports]) =>
  imports
    .filter((entry) => entry.endsWith(TYPES_ONLY))
    .map((entry) => ({
      name: `types-only-${name}-${nameOf(entry)}`,
      comment: `${name} gets its options handed in: it may import the types of ${nameOf(entry)}, never its code.`,
      severity: 'error',
      from: { path: `^src/${name}/`, pathNot: TEST_FILE },
      to: { path: `^src/${nameOf(entry)}/`, dependencyTypesNot: ['type-only'] },
    })),
);

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...directions,
    ...typesOnly,
    {
      name: 'module-not-listed',
      comment: 'Every folder of src/ has a line in MODULES above that says what it may import.',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: `^src/${anyOf(Object.keys(MODULES))}/` },
      to: {},
    },
    {
      name: 'through-the-index',
      comment:
        "Another module is imported through its index.ts: what is not exported there is that module's own.",
      severity: 'error',
      from: { path: '^src/([^/]+)/' },
      to: { path: '^src/[^/]+/', pathNot: ['^src/$1/', '^src/[^/]+/index\\.ts$'] },
    },
    {
      name: 'through-the-index-from-the-root',
      comment: 'The files straight under src/ compose the modules, through their index.ts like anyone else.',
      severity: 'error',
      from: { path: '^src/[^/]+\\.ts$' },
      to: {
        path: '^src/[^/]+/',
        // src/index.ts: an interface that applications add to.
        pathNot: '^src/([^/]+/index|events/typed/runstream-events)\\.ts$',
      },
    },
    {
      name: 'no-circles',
      comment:
        'A circle between injected classes fails at boot in ES modules, and hides who depends on whom.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      comment: 'Nothing imports this file and it imports nothing: wire it in, or delete it.',
      severity: 'error',
      from: { orphan: true, pathNot: ['\\.d\\.ts$', TEST_FILE] },
      to: {},
    },
    {
      name: 'no-tests-in-the-product',
      comment: 'What is shipped must run without test/ and bench/.',
      severity: 'error',
      from: { path: '^src/', pathNot: TEST_FILE },
      to: { path: ['^(test|bench|scripts)/', TEST_FILE] },
    },
    {
      name: 'events-is-pure',
      comment: 'events is the domain: no framework, no Redis, no package at all.',
      severity: 'error',
      from: { path: '^src/(events|common)/', pathNot: TEST_FILE },
      to: { dependencyTypes: ['npm', 'npm-dev', 'npm-peer', 'npm-optional'] },
    },
    {
      name: 'ioredis-stays-below',
      comment: 'Only the modules that own keys and scripts talk to Redis; the rest go through EventStore.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/(redis|event-store|consumer|auth)/', TEST_FILE] },
      to: { path: 'node_modules/ioredis/' },
    },
    {
      name: 'http-stays-above',
      comment: 'redis, event-store and consumer know nothing of HTTP, so that a worker can run without it.',
      severity: 'error',
      from: { path: '^src/(redis|event-store|consumer|events|common)/', pathNot: TEST_FILE },
      to: { path: ['node_modules/(express|@nestjs/platform-express|@nestjs/swagger)/', '^(node:)?https?$'] },
    },
    {
      name: 'no-unlisted-package',
      comment: 'A package that is imported stands in package.json (docs/adr/0008 says why it is there).',
      severity: 'error',
      // What the service alone loads, and only when it is told to, is not installed for applications.
      from: { path: '^src/', pathNot: [TEST_FILE, '^src/export-traces\\.ts$'] },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'client-stands-alone',
      comment:
        'The client is a package of its own, for browsers too: it has one dependency, and nothing of the service.',
      severity: 'error',
      from: { path: '^packages/client/src/' },
      to: { pathNot: ['^packages/client/src/', 'node_modules/eventsource-parser/'] },
    },
    {
      name: 'dashboard-is-a-customer',
      comment: 'The dashboard knows the service through its client only, and is built from few packages.',
      severity: 'error',
      from: { path: '^packages/dashboard/src/' },
      to: {
        pathNot: [
          '^packages/dashboard/src/',
          '^packages/client/src/index\\.ts$',
          'node_modules/(preact|@preact|anser|uplot)/',
        ],
      },
    },
    {
      name: 'cli-uses-the-client',
      comment:
        'The command line is a user of the client like others: it has commander besides, and nothing of the service.',
      severity: 'error',
      from: { path: '^packages/cli/src/' },
      to: {
        pathNot: [
          '^packages/cli/src/',
          '^packages/client/(src|dist)/index\\.(ts|d\\.ts|js)$',
          'node_modules/(@runstream/client|commander)/',
        ],
        dependencyTypesNot: ['core'],
      },
    },
    {
      name: 'unresolvable',
      comment: 'This import leads nowhere. Relative imports end in .js.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '^test/', '^bench/'] },
    exclude: { path: ['^dist/', '^coverage/', '^src/dashboard/assets/'] },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { extensions: ['.ts', '.tsx', '.js', '.mjs', '.cjs', '.json'] },
    reporterOptions: { text: { highlightFocused: true } },
  },
};

// For the picture in docs/architecture.md. Not enumerable, since dependency-cruiser refuses settings that it does not know.
Object.defineProperty(module.exports, 'MODULES', { value: MODULES });
