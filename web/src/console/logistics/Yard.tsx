import { Segmented } from 'antd'
import { useMemo, useState } from 'react'
import { api } from '../../shared/api'
import { useChange, useText } from '../context'
import { useWidth } from '../draw'
import { Nothing, Panel } from '../states'
import { usePlay } from './Play'
import { Problem } from './Problem'
import { YARD } from './examples'

interface Container { id: string; leaves: number; weight_kg?: number }
interface Bay { tiers: number; stacks: Container[][]; arrivals?: Container[] }
interface Move { container: string; source: number; to: number | null }
interface Stored { blocking: number; bound: number; places: Record<string, number> }
interface Fetched { shifts: number; bound: number; moves: Move[] }
interface Shown { bay: Bay; moves: Move[]; count: number; bound: number }
type Kind = 'storage' | 'retrieval'

export function Yard() {
  const { t, number } = useText()
  const [kind, setKind] = useState<Kind>('retrieval')
  const plan = useChange(async ({ problem, seconds }: { problem: unknown; seconds: number }): Promise<Shown> => {
    const bay = problem as Bay
    if (kind === 'storage') {
      const found = await api<Stored>('/v1/yard/storage', { method: 'POST', json: { problem, seconds } })
      return { bay, count: found.blocking, bound: found.bound, moves: (bay.arrivals ?? []).map((one) => ({ container: one.id, source: -1, to: found.places[one.id] ?? null })) }
    }
    const found = await api<Fetched>('/v1/yard/retrieval', { method: 'POST', json: { problem, seconds } })
    return { bay, count: found.shifts, bound: found.bound, moves: found.moves }
  }, [])
  const choose = (next: Kind) => { setKind(next); plan.reset() }
  return (
    <>
      <Segmented<Kind> aria-label={t('yardKind')} value={kind} onChange={choose} options={[{ value: 'retrieval', label: t('yardFetch') }, { value: 'storage', label: t('yardStore') }]} style={{ marginBlockEnd: 12 }} />
      <Problem title={t(kind === 'storage' ? 'yardStoreTitle' : 'yardFetchTitle')} help={t('yardHelp')} example={YARD} go={t('yardGo')} seconds={3} busy={plan.isPending} error={plan.error} submit={(problem, seconds) => plan.mutate({ problem, seconds })} />
      {!plan.data && !plan.isPending && <Panel><Nothing text={t('yardEmpty')} /></Panel>}
      {plan.data && (
        <>
          <dl className="figures">
            <div className="figure"><dt>{t(kind === 'storage' ? 'yardBlocking' : 'yardShifts')}</dt><dd>{number(plan.data.count)}</dd></div>
            <div className="figure"><dt>{t('berthBound')}</dt><dd>{number(plan.data.bound)}</dd></div>
            <div className="figure"><dt>{t('yardMoves')}</dt><dd>{number(plan.data.moves.length)}</dd></div>
          </dl>
          <Panel title={t('yardBay')}><Stacks key={JSON.stringify(plan.data.moves)} shown={plan.data} /></Panel>
        </>
      )}
    </>
  )
}

/** The stacks after so many moves. */
function after({ bay, moves }: Shown, step: number): Container[][] {
  const known = new Map([...bay.stacks.flat(), ...(bay.arrivals ?? [])].map((one) => [one.id, one]))
  const stacks = bay.stacks.map((one) => [...one])
  for (const move of moves.slice(0, step)) {
    stacks[move.source]?.pop()
    const moved = known.get(move.container)
    if (move.to !== null && moved) stacks[move.to]?.push(moved)
  }
  return stacks
}

/** The bay from the side: the darker a container, the sooner it leaves; an outline where it stands on one that leaves before it. */
function Stacks({ shown }: { shown: Shown }) {
  const { t, number } = useText()
  const [ref, width] = useWidth()
  const { step, controls } = usePlay(shown.moves.length, 700)
  const stacks = useMemo(() => after(shown, step), [shown, step])
  const { bay } = shown
  const last = Math.max(1, ...[...bay.stacks.flat(), ...(bay.arrivals ?? [])].map((one) => one.leaves))
  const across = Math.min(110, width / Math.max(1, stacks.length))
  const up = 30
  const height = bay.tiers * up + 30
  const move = step > 0 ? shown.moves[step - 1] : undefined
  const words = !move ? t('yardBefore') : move.to === null ? t('yardOut', { name: move.container, stack: number(move.source + 1) }) : move.source < 0 ? t('yardIn', { name: move.container, stack: number(move.to + 1) }) : t('yardShift', { name: move.container, stack: number(move.source + 1), to: number(move.to + 1) })
  return (
    <div ref={ref} className="drawing">
      {controls}
      <p role="status">{words}</p>
      {width > 0 && (
        <svg width={stacks.length * across} height={height} role="img" aria-label={t('yardSummary', { containers: number(stacks.flat().length), stacks: number(stacks.length) })} data-step={step}>
          <rect className="floor" width={stacks.length * across} height={bay.tiers * up} />
          {stacks.map((stack, s) => (
            <g key={s}>
              <text x={(s + 0.5) * across} y={height - 10} textAnchor="middle">{number(s + 1)}</text>
              {stack.map((one, tier) => {
                const blocks = stack.slice(0, tier).some((below) => below.leaves < one.leaves)
                return (
                  <g key={one.id}>
                    <title>{t('yardLeaves', { name: one.id, when: number(one.leaves) })}</title>
                    <rect className={blocks ? 'box blocks' : 'box'} x={s * across + 3} width={across - 6} y={(bay.tiers - tier - 1) * up + 2} height={up - 4} rx={3} fill={`color-mix(in srgb, #2f9e74 ${Math.round(90 - 65 * (one.leaves / last))}%, #eef5f1)`} />
                    <text className="on-bar" x={(s + 0.5) * across} y={(bay.tiers - tier - 0.5) * up + 4} textAnchor="middle">{one.id.slice(0, Math.max(2, Math.floor(across / 8.5)))}</text>
                  </g>
                )
              })}
            </g>
          ))}
        </svg>
      )}
      <p className="quiet">{t('yardLegend')}</p>
    </div>
  )
}
