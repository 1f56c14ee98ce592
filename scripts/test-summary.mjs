// The runner's own report as one line, the last of the run.
import { existsSync, readFileSync } from 'node:fs';

if (!existsSync('test-results.json')) {
  console.log('0 passed, 1 failed, 0 skipped');
  process.exit(1);
}
const {
  numPassedTests,
  numFailedTests,
  numPendingTests,
  numTodoTests = 0,
  numFailedTestSuites,
  success,
} = JSON.parse(readFileSync('test-results.json', 'utf8'));
// A file that could not even be loaded has no failed test to show for it.
const failed = Math.max(numFailedTests, success ? 0 : Math.max(1, numFailedTestSuites > 0 ? 1 : 0));
console.log(`${numPassedTests} passed, ${failed} failed, ${numPendingTests + numTodoTests} skipped`);
process.exit(failed > 0 ? 1 : 0);
