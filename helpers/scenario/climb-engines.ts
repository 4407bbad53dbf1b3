import { OUTCOMES } from '../verdict/model.ts';
import { engineDowngrade } from '../disruptions/engine-upgrade.ts';
import type { Disruption } from '../disruptions/disruption.ts';
import type { CellRecord, Evidence } from './record.ts';
import { runScenario, type Phase, type ScenarioSetting } from './scenario.ts';

/**
 * The stack goes from the engine that it is on to the newest, one by one, and is judged after each; then one step back, which is told alone.
 * @returns a cell for each store, with the worst of the steps
 */
export async function climbEngines(
  setting: ScenarioSetting,
  disruption: Disruption,
  onPhase?: (phase: Phase) => void,
): Promise<CellRecord[]> {
  const { stack } = setting;
  const hops: CellRecord[][] = [];
  while (stack.project.host.upgrade) {
    const cells = await runScenario(setting, disruption, hops.length, onPhase);
    hops.push(cells);
    // Without proof the engine is what it was, or there is none any more.
    if (cells.some(({ data }) => data === 'unknown')) break;
  }
  const back = await runScenario(setting, engineDowngrade, hops.length, onPhase);
  await stack.leave();
  return back.map((stepBack, index) =>
    worstOf(
      hops.flatMap((cells) => cells[index] ?? []),
      stepBack,
    ),
  );
}

/** Of steps that are equally bad the last one, which read most. */
export function worstOf(hops: readonly CellRecord[], stepBack: CellRecord): CellRecord {
  const [worst] = hops.toReversed().toSorted((a, b) => badness(b) - badness(a));
  if (!worst) throw new Error('There was no newer engine.');
  const outages = [...new Set(hops.flatMap((hop) => hop.outages ?? []))];
  return {
    ...worst,
    ...(outages.length > 0 ? { outages } : {}),
    ok: hops.every(({ ok }) => ok),
    durationMs: hops.reduce((sum, { durationMs }) => sum + (durationMs ?? 0), 0),
    evidence: [
      ...hops.flatMap((hop) => [...hop.evidence.filter(({ kind }) => kind === 'command'), note(told(hop))]),
      ...worst.evidence.filter(({ kind }) => kind !== 'command'),
      note(`a step back, not judged: ${told(stepBack)}`),
      ...stepBack.evidence.filter(({ kind }) => kind === 'note'),
    ],
  };
}

/** The worse the outcome the higher; of equal ones that which is not as it should be. */
function badness({ outcome, ok }: CellRecord): number {
  return -2 * OUTCOMES.indexOf(outcome) - Number(ok);
}

/** Versions as the engines report them, what was found, and where the time went. */
function told({ proof, outcome, reason, intact, acknowledged, rtoMs, durationMs, outages = [] }: CellRecord): string {
  const [from, to] = [proof.before, proof.after].map((facts) => facts['host engine'] ?? 'no engine');
  const down = outages.length === 0 ? '' : `, ${outages.join(', ')} down`;
  const verdict = `${reason === null ? outcome : `${outcome} (${reason})`}${down}`;
  const read = rtoMs === null ? 'never read' : `read after ${rtoMs} ms`;
  return `${from} → ${to}: ${verdict}, ${intact ?? 0} of ${acknowledged} rows intact; ${read}, ${durationMs} ms in all`;
}

function note(text: string): Evidence {
  return { kind: 'note', text };
}
