/** Prints the last line of `.ci/run`: takes the result file that jest wrote, and jest's exit code. */
import { readFileSync } from 'node:fs';

const [file, exitCode] = process.argv.slice(2);
let passed = 0;
let failed = 0;
try {
  const results = JSON.parse(readFileSync(file, 'utf8'));
  passed = results.numPassedTests;
  // A suite that did not even start has no tests to count, and is a failure all the same.
  failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
} catch {
  // the run ended before there was a result
}
// Whatever made the run fail counts, even when no single test did.
if (exitCode !== '0' && failed === 0) failed = 1;
console.log(`${passed} passed, ${failed} failed`);
