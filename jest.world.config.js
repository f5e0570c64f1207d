import all from './jest.config.js';

/** `npm run test:world`: the service among the programs of others. */
export default { ...all, testMatch: ['**/*.world-spec.ts'] };
