import { relative } from 'node:path';
import { fingerprintOf, SEVERITIES, type Finding } from './finding.ts';
import type { Hit, Rule } from './rule.ts';
import { RULES } from './rules/catalogue.ts';
import type { Subject } from './subject.ts';

/** What the rules find, the worst first, without excerpts. Pure. */
export function audit(subject: Subject, rules: readonly Rule[] = RULES): Finding[] {
  const findings = rules.flatMap((rule) => [...rule.check(subject)].map((hit) => findingOf(rule, hit, subject.folder)));
  const seen = new Set<string>();
  return findings
    .filter((finding) => {
      const key = JSON.stringify([finding.fingerprint, finding.line]);
      return !seen.has(key) && seen.add(key);
    })
    .toSorted((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
}

function findingOf(rule: Rule, hit: Hit, folder: string): Finding {
  const file = hit.at ? relative(folder, hit.at.file) : null;
  const service = hit.service ?? null;
  const path = hit.path ?? null;
  return {
    rule: rule.id,
    hazard: rule.hazard,
    severity: hit.severity ?? rule.severity,
    service,
    file,
    line: hit.at?.line ?? null,
    path,
    title: hit.title,
    why: rule.why,
    fix: rule.fix,
    excerpt: null,
    fingerprint: fingerprintOf(rule.id, service, path, file, hit.title),
  };
}
