import type { Reporter, TestModule } from 'vitest/node';
import { timeLines } from './run-times.ts';
import { tallyLine } from './tally.ts';

/** Where the time of a run went, and how many tests passed. List it last, so that its line is the last one. */
export default class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const times = modules.map((module) => ({
      project: module.project.name,
      file: module.relativeModuleId,
      durationMs: module.diagnostic().duration,
    }));
    const tests = modules.flatMap((module) => [...module.children.allTests()].map((test) => test.result()));
    const broken = modules.filter((module) => module.errors().length > 0).length;
    for (const line of [...timeLines(times), tallyLine(tests, broken, unhandledErrors.length)]) console.log(line);
  }
}
