import type { Disruption } from '../disruptions/disruption.ts';
import type { Placement } from '../stack/layers.ts';
import type { StoreDefinition } from '../stores/store.ts';
import { acceptable, isAsExpected } from '../verdict/expectation.ts';
import type { Counts, Judgement } from '../verdict/model.ts';
import type { Outages } from './outages.ts';
import type { CellRecord } from './record.ts';

type JudgedCell = Pick<
  CellRecord,
  | 'disruption'
  | 'title'
  | 'store'
  | 'host'
  | 'status'
  | 'predicted'
  | 'outcome'
  | 'data'
  | 'service'
  | 'expected'
  | 'ok'
  | 'acceptedBy'
  | 'outages'
  | 'reason'
  | keyof Counts
>;

/**
 * What a judgement makes of a cell, held against what was expected.
 * @param was where the store lay before the disruption; unknown: it should have survived.
 * @param explained whether it is known why the service fails
 */
export function judgedCell(
  disruption: Disruption,
  store: StoreDefinition,
  host: string,
  was: Placement | undefined,
  { outcome, data, service, reason, serviceReason, counts }: Judgement,
  explained: boolean,
  { services }: Outages,
): JudgedCell {
  const isOut = services.length > 0;
  const expected = was ? disruption.expected(was.layer, explained) : ['survived' as const];
  const isHopedFor = acceptable(outcome, expected);
  const ok = isAsExpected({ outcome, service, expected, outages: services });
  return {
    disruption: disruption.id,
    title: disruption.title,
    store: store.id,
    host,
    status: 'ran',
    predicted: was ? disruption.effect[was.layer] : null,
    outcome,
    data,
    service,
    expected,
    ok,
    acceptedBy: null,
    reason: ok || !isHopedFor ? reason : (serviceReason ?? 'other-service-down'),
    ...(isOut ? { outages: services } : {}),
    ...counts,
  };
}
