import { describe } from '@jest/globals';
import { seamTests } from '../../../test/topologies/seam-tests.js';

describe('The seam between history and live', () => {
  seamTests();
});
