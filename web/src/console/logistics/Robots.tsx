import { useState } from 'react'
import { api } from '../../shared/api'
import { useChange, useText } from '../context'
import { Rows } from '../Rows'
import { color, useWidth } from '../draw'
import { Nothing, Panel } from '../states'
import { usePlay } from './Play'
import { Problem } from './Problem'
import { ROBOTS } from './examples'

type Cell = [row: number, column: number]
interface Served { errand: string; robot: string; picked: number; dropped: number }
interface RobotPlan { total_steps: number; total_bound: number; makespan: number; is_proven: boolean; robots: { id: string; path: Cell[] }[]; errands: Served[]; open: string[] }
interface Floor { grid: string[]; errands?: { id: string; pickup: Cell; drop: Cell }[] }

export function Robots() {
  const { t, number } = useText()
  const [floor, setFloor] = useState<Floor>({ grid: [] })
  const plan = useChange(async ({ problem, seconds }: { problem: unknown; seconds: number }) => {
    const found = await api<RobotPlan>('/v1/warehouse/robots', { method: 'POST', json: { problem, seconds } })
    setFloor(problem as Floor)
    return found
  }, [])
  const found = plan.data
  return (
    <>
      <Problem title={t('robotTitle')} help={t('robotHelp')} example={ROBOTS} go={t('robotGo')} seconds={3} busy={plan.isPending} error={plan.error} submit={(problem, seconds) => plan.mutate({ problem, seconds })} />
      {!found && !plan.isPending && <Panel><Nothing text={t('robotEmpty')} /></Panel>}
      {found && (
        <>
          <dl className="figures">
            <div className="figure"><dt>{t('robotTotal')}</dt><dd>{number(found.total_steps)}</dd></div>
            <div className="figure"><dt>{t('berthBound')}</dt><dd>{number(found.total_bound)}</dd></div>
            <div className="figure"><dt>{t('robotLast')}</dt><dd>{number(found.makespan)}</dd></div>
          </dl>
          <Panel title={t('robotFloor')}><Paths key={JSON.stringify(found.robots)} plan={found} floor={floor} /></Panel>
          {found.errands.length > 0 && (
            <Panel title={t('robotErrands')}>
              <Rows label={t('robotErrands')} rows={found.errands}
                columns={[[t('robotErrand'), (row) => row.errand], [t('robotRobot'), (row) => row.robot], [t('robotPicked'), (row) => number(row.picked), true], [t('robotDropped'), (row) => number(row.dropped), true]]} />
            </Panel>
          )}
          {found.open.length > 0 && <p role="note">{t('robotOpen', { names: found.open.join(', ') })}</p>}
        </>
      )}
    </>
  )
}

/** Where a robot is at a step: it stays where its path ends. */
const place = (path: Cell[], step: number): Cell => path[Math.min(step, path.length - 1)] ?? [0, 0]

/** The floor with every robot at one step, and the way of the chosen robot. */
function Paths({ plan, floor }: { plan: RobotPlan; floor: Floor }) {
  const { t, number } = useText()
  const [ref, width] = useWidth()
  const [chosen, setChosen] = useState('')
  const last = Math.max(0, ...plan.robots.map((one) => one.path.length - 1))
  const { step, controls } = usePlay(last, 260)
  const columns = floor.grid[0]?.length ?? 1
  const cell = Math.min(44, width / columns)
  const middle = ([row, column]: Cell) => ({ x: (column + 0.5) * cell, y: (row + 0.5) * cell })
  const way = plan.robots.find((one) => one.id === chosen)?.path ?? []
  const carries = (robot: string) => plan.errands.find((one) => one.robot === robot && one.picked <= step && step < one.dropped)?.errand
  return (
    <div ref={ref} className="drawing">
      {controls}
      {width > 0 && (
        <svg width={columns * cell} height={floor.grid.length * cell} role="img" aria-label={t('robotSummary', { robots: number(plan.robots.length), rows: number(floor.grid.length), columns: number(columns), step: number(step) })} data-step={step}>
          <rect className="floor" width={columns * cell} height={floor.grid.length * cell} />
          {floor.grid.flatMap((row, r) => [...row].map((sign, c) => sign === '#' && <rect key={`${r} ${c}`} className="shelf" x={c * cell + 1} y={r * cell + 1} width={cell - 2} height={cell - 2} rx={2} />))}
          {(floor.errands ?? []).map((one) => [one.pickup, one.drop].map((at, end) => (
            <g key={`${one.id} ${end}`}>
              <title>{t(end ? 'robotDropAt' : 'robotPickAt', { errand: one.id })}</title>
              <rect className={end ? 'spot drop' : 'spot'} x={at[1] * cell + 3} y={at[0] * cell + 3} width={cell - 6} height={cell - 6} rx={3} />
              {cell > 20 && <text x={(at[1] + 0.5) * cell} y={(at[0] + 0.5) * cell + 4} textAnchor="middle">{one.id.slice(0, Math.floor(cell / 9))}</text>}
            </g>
          )))}
          <polyline className="way" points={way.map((at) => { const { x, y } = middle(at); return `${x},${y}` }).join(' ')} />
          {plan.robots.map((one, at) => {
            const { x, y } = middle(place(one.path, step))
            const load = carries(one.id)
            return (
              <g key={one.id} className="robot" style={{ transform: `translate(${x}px, ${y}px)` }}>
                <title>{load ? t('robotCarries', { robot: one.id, errand: load }) : one.id}</title>
                <circle r={0.38 * cell} fill={color(at)} className={one.id === chosen ? 'chosen' : undefined} />
                {load && <rect x={-0.15 * cell} y={-0.15 * cell} width={0.3 * cell} height={0.3 * cell} fill="#0c1210" />}
              </g>
            )
          })}
        </svg>
      )}
      {plan.errands.length > 0 && <p className="quiet">{t('robotLegend')}</p>}
      <ul className="legend">{plan.robots.slice(0, 60).map((one, at) => <li key={one.id}><button type="button" className="opener" aria-pressed={one.id === chosen} onClick={() => setChosen(one.id === chosen ? '' : one.id)}><i style={{ background: color(at) }} />{one.id}</button></li>)}</ul>
    </div>
  )
}
