import { useState } from 'react'
import { api } from '../../shared/api'
import { useChange, useText } from '../context'
import { Rows } from '../Rows'
import { color, ticks, useWidth } from '../draw'
import { Nothing, Panel } from '../states'
import { Problem } from './Problem'
import { BERTHS } from './examples'

interface Visit { vessel: number; berth: number; start: number; end: number; name?: string; position_m?: number; cranes?: number }
interface BerthPlan { cost: number; bound: number; gap: number | null; seconds: number; visits: Visit[] }
interface Quay { length_m?: number; vessels?: { length_m?: number }[] }

export function Berths() {
  const { t, number } = useText()
  const [quay, setQuay] = useState<Quay>({})
  const plan = useChange(async ({ problem, seconds }: { problem: unknown; seconds: number }) => {
    const found = await api<BerthPlan>('/v1/berth-plans', { method: 'POST', json: { problem, seconds } })
    setQuay(typeof problem === 'object' && problem !== null ? problem : {})
    return found
  }, [])
  return (
    <>
      <Problem title={t('berthTitle')} help={t('berthHelp')} example={BERTHS} go={t('berthGo')} seconds={5} table busy={plan.isPending} error={plan.error} submit={(problem, seconds) => plan.mutate({ problem, seconds })} />
      {!plan.data && !plan.isPending && <Panel><Nothing text={t('berthEmpty')} /></Panel>}
      {plan.data && (
        <>
          <dl className="figures">
            <div className="figure"><dt>{t('logCost')}</dt><dd>{number(plan.data.cost, 2)}</dd></div>
            <div className="figure"><dt>{t('berthBound')}</dt><dd>{number(plan.data.bound, 2)}</dd></div>
            <div className="figure"><dt>{t('berthGap')}</dt><dd>{plan.data.gap === null ? '–' : `${number(100 * plan.data.gap, 2)} %`}</dd></div>
          </dl>
          <Panel title={t('berthChart')}><Chart visits={plan.data.visits} quay={quay} /></Panel>
          <Panel title={t('berthVisits')}>
            <Rows label={t('berthVisits')} rows={plan.data.visits}
              columns={[
                [t('berthVessel'), (row) => row.name ?? number(row.vessel)],
                [t('berthBerth'), (row) => (row.position_m === undefined ? number(row.berth) : `${number(row.position_m)} m`), true],
                [t('berthStart'), (row) => number(row.start, 2), true],
                [t('berthEnd'), (row) => number(row.end, 2), true],
                [t('berthCranes'), (row) => number(row.cranes), true],
              ]} />
          </Panel>
        </>
      )}
    </>
  )
}

/** Vessels as bars: time runs across, the quay (or the berths) runs up. */
function Chart({ visits, quay }: { visits: Visit[]; quay: Quay }) {
  const { t, number } = useText()
  const [ref, width] = useWidth()
  const metres = visits.some((one) => one.position_m !== undefined)
  const span = (one: Visit): [number, number] => (metres ? [one.position_m ?? 0, quay.vessels?.[one.vessel - 1]?.length_m ?? 20] : [one.berth - 0.9, 0.8])
  const most = metres ? Math.max(quay.length_m ?? 0, ...visits.map((one) => span(one)[0] + span(one)[1])) : Math.max(...visits.map((one) => one.berth), 1)
  const last = Math.max(...visits.map((one) => one.end), 1)
  const first = Math.min(...visits.map((one) => one.start), 0)
  const height = metres ? 320 : Math.min(620, Math.max(160, 34 * most + 50))
  const x = (value: number) => 52 + ((width - 64) * (value - first)) / (last - first || 1)
  const y = (value: number) => height - 40 - ((height - 54) * value) / most
  const marks = metres ? ticks(0, most, 5) : Array.from({ length: most }, (_, n) => n + 1)
  return (
    <div ref={ref} className="drawing">
      {width > 0 && (
        <svg width={width} height={height} role="img" aria-label={t('berthSummary', { vessels: number(visits.length), end: number(last, 1) })}>
          {marks.map((mark) => <g key={mark}><line className="rule" x1={52} x2={width - 12} y1={y(mark)} y2={y(mark)} /><text x={46} y={y(metres ? mark : mark - 0.5) + 4} textAnchor="end">{number(mark)}</text></g>)}
          {ticks(first, last, width / 90).map((mark) => <g key={mark}><line className="rule" x1={x(mark)} x2={x(mark)} y1={14} y2={height - 40} /><text x={x(mark)} y={height - 24} textAnchor="middle">{number(mark, 1)}</text></g>)}
          <text x={width - 12} y={height - 6} textAnchor="end">{t(metres ? 'berthAxesMetres' : 'berthAxes')}</text>
          {visits.map((one, at) => {
            const [from, size] = span(one)
            const name = one.name ?? String(one.vessel)
            return (
              <g key={one.vessel} className="vessel">
                <title>{`${name}: ${number(one.start, 2)}–${number(one.end, 2)}`}</title>
                <rect x={x(one.start)} width={Math.max(2, x(one.end) - x(one.start))} y={y(from + size)} height={Math.max(2, y(from) - y(from + size))} rx={3} fill={color(at)} />
                {x(one.end) - x(one.start) > 7.5 * name.length + 8 && <text className="on-bar" x={x(one.start) + 6} y={(y(from) + y(from + size)) / 2 + 4}>{name}</text>}
              </g>
            )
          })}
        </svg>
      )}
    </div>
  )
}
