import type { Location, Severity } from './finding.ts';
import type { Subject } from './subject.ts';

/** One place where a rule holds true. */
export interface Hit {
  readonly service?: string;
  readonly at?: Location | null;
  /** Where the data lies, or what else it is about. */
  readonly path?: string;
  /** What is wrong, in one sentence. Names values of the environment by their key alone. */
  readonly title: string;
  /** In the place of the rule's own. */
  readonly severity?: Severity;
}

/** One hazard, as far as it can be seen without starting anything. Silent where it lacks the facts. */
export interface Rule {
  /** kebab-case; the name of its page in docs/rules/. */
  readonly id: string;
  /** Number in docs/audit.md. */
  readonly hazard: string;
  readonly severity: Severity;
  /** What happens to the data. */
  readonly why: string;
  readonly fix: string;
  check(subject: Subject): Iterable<Hit>;
}
