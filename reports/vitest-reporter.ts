import { randomBytes } from 'node:crypto';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import type { Reporter, TestCase, TestModule, TestRunEndReason } from 'vitest/node';
import { VERSION } from '../helpers/own-package.ts';
import { collect, type Collected, type TestRecord } from './collect.ts';
import type { Report } from './model.ts';
import { makeReport } from './report.ts';
import { writeReport } from './write.ts';

export interface ReporterOptions {
  /** Where `report.json`, `report.md`, `report.html` and `persistence.jsonl` go; by default `outlast-report/vitest`. */
  readonly out?: string;
  /** A test whose file begins with one of these must bring evidence, or counts as unknown; by default only a test that has brought a stack up must. */
  readonly watched?: readonly string[];
}

/** Turns what the tests hand over into the report. */
export default class PersistenceReporter implements Reporter {
  readonly #out: string;
  readonly #watched: readonly string[];
  #startedAt = new Date();

  constructor({ out = 'outlast-report/vitest', watched = [] }: ReporterOptions = {}) {
    this.#out = resolve(out);
    this.#watched = watched;
  }

  onTestRunStart(): void {
    this.#startedAt = new Date();
    mkdirSync(this.#out, { recursive: true });
    writeFileSync(this.#lines, '');
  }

  /** The line is on disk before the next test: an interrupted run leaves its evidence. */
  onTestCaseResult(test: TestCase): void {
    appendFileSync(this.#lines, `${JSON.stringify(this.#record(test))}\n`);
  }

  async onTestRunEnd(
    modules: readonly TestModule[],
    unhandledErrors: readonly unknown[],
    reason: TestRunEndReason,
  ): Promise<void> {
    const tests = modules.flatMap((module) => [...module.children.allTests()].map((test) => this.#record(test)));
    const broken = modules.filter((module) => module.errors().length > 0).length;
    const whole = reason !== 'interrupted' && unhandledErrors.length === 0 && broken === 0;
    const collected = collect(tests);
    // A run of unit tests alone says nothing of a stack.
    if (collected.cells.length + collected.claims.length + collected.controls.length === 0) return;
    // Said at once: the reporters after this one do not wait for it.
    console.log(`report: ${join(relative('', this.#out), 'report.html')}`);
    await writeReport(this.#out, this.#report(collected, whole));
  }

  get #lines(): string {
    return join(this.#out, 'persistence.jsonl');
  }

  #report(collected: Collected, whole: boolean): Report {
    const report = makeReport({
      tool: { version: VERSION },
      runId: randomBytes(4).toString('hex'),
      startedAt: this.#startedAt.toISOString(),
      durationMs: Date.now() - this.#startedAt.getTime(),
      ...collected,
    });
    return whole || report.verdict !== 'outlasts' ? report : { ...report, verdict: 'inconclusive' };
  }

  #record(test: TestCase): TestRecord {
    const result = test.result();
    const file = test.module.relativeModuleId;
    return {
      id: test.id,
      name: test.fullName,
      module: file,
      state: result.state,
      retried: (test.diagnostic()?.retryCount ?? 0) > 0,
      watched: this.#watched.some((folder) => file.startsWith(folder)),
      error: result.state === 'skipped' ? (result.note ?? null) : (result.errors?.[0]?.message ?? null),
      meta: test.meta().persistence,
    };
  }
}
