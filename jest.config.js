import { availableParallelism } from 'node:os';

/**
 * Four kinds of tests, told apart by their suffix:
 *   .spec.ts        pure code, no Redis, beside the code
 *   .int-spec.ts    one module on a real Redis
 *   .e2e-spec.ts    the running service, from outside
 *   .world-spec.ts  the service and programs of others: jest.world.config.js
 */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/src', '<rootDir>/test'],
  testMatch: ['**/*.spec.ts', '**/*.int-spec.ts', '**/*.e2e-spec.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  resolver: '<rootDir>/test/support/package-resolver.cjs',
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    // From its sources: nothing of it is built for tests.
    '^@runstream/client$': '<rootDir>/packages/client/src/index.ts',
  },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2023',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          keepClassNames: true,
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  testSequencer: '<rootDir>/test/support/longest-first.cjs',
  setupFilesAfterEnv: ['<rootDir>/test/support/set-up-file.ts'],
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  // A test that hangs is to end, and nothing else: how fast this machine is today is not what is tested.
  testTimeout: 240_000,
  // Half of a test is waiting.
  maxWorkers: availableParallelism() + 2,
  workerIdleMemoryLimit: '1GB',
};
