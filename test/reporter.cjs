// Prints the count of the whole suite as its last line: `N passed, N failed` (`, N skipped` where there are any).
class CountReporter {
  onRunComplete(_contexts, results) {
    const skipped = results.numPendingTests + results.numTodoTests;
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    // At exit, as jest's own summary comes after every reporter.
    process.on('exit', () => process.stdout.write(`${results.numPassedTests} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}\n`));
  }
}
module.exports = CountReporter;
