/**
 * Prints the end of `.ci/run`: the names of the tests that failed, each with the beginning of its message, and in the
 * last line the sum of several runs. Takes, for each of them, the result file that jest wrote and jest's exit code.
 */
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

const args = process.argv.slice(2);
let passed = 0;
let failed = 0;
for (let i = 0; i < args.length; i += 2) {
  const run = countsOf(args[i], args[i + 1]);
  passed += run.passed;
  failed += run.failed;
}
console.log(`${passed} passed, ${failed} failed`);

function countsOf(file, exitCode) {
  let counts = { passed: 0, failed: 0 };
  try {
    const results = JSON.parse(readFileSync(file, 'utf8'));
    printFailures(results);
    counts = {
      passed: results.numPassedTests,
      // A suite that did not even start has no tests to count, and is a failure all the same.
      failed: results.numFailedTests + results.numRuntimeErrorTestSuites,
    };
  } catch {
    // the run ended before there was a result
  }
  // Whatever made the run fail counts, even when no single test did.
  if (exitCode !== '0' && counts.failed === 0) counts.failed = 1;
  return counts;
}

function printFailures({ testResults }) {
  for (const { name, status, message, assertionResults } of testResults) {
    const failures = assertionResults.filter((test) => test.status === 'failed');
    for (const { fullName, failureMessages } of failures) print(name, fullName, failureMessages.join('\n'));
    if (status === 'failed' && failures.length === 0) print(name, 'did not run', message);
  }
}

/** A message may carry megabytes. */
function print(file, test, message) {
  console.log(`FAILED ${relative(process.cwd(), file)}: ${test}\n${message.slice(0, 1500)}\n`);
}
