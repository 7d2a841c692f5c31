// Names each test that passed only when it was tried a second time, and what failed before.

interface Test {
  fullName: string;
  module: { relativeModuleId: string };
  diagnostic(): { flaky: boolean } | undefined;
  result(): { errors?: readonly { message: string }[] };
}

export default class FlakyReporter {
  onTestCaseResult(test: Test): void {
    if (test.diagnostic()?.flaky !== true) return;
    const [reason = ''] = (test.result().errors?.[0]?.message ?? '').split('\n');
    console.log(`flaky: ${test.module.relativeModuleId} > ${test.fullName}: ${reason}`);
  }
}
