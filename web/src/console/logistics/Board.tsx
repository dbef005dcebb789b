import { Alert, Button } from 'antd'
import { useState, type DragEvent } from 'react'
import { api } from '../../shared/api'
import { useChange, useProblem, useText } from '../context'
import { color } from '../draw'
import { Go, Panel } from '../states'
import { isTask } from './geometry'

type Id = string | number
interface Row { vehicle: Id; stops: Id[] }
interface Moved { task: Id; vehicle: Id | null; from: Id | null; feasible: boolean; broken: string[]; delta: number; applied: boolean }
interface BoardProps { plan: string; version: number; rows: Row[]; unserved: Id[]; changed: () => void }

const OFF = ''
const NOWHERE = '\u0000'

/** Each vehicle's stops; a stop is dragged to another vehicle, or taken there by the keyboard, and what that costs is told at once. */
export function Board({ plan, version, rows, unserved, changed }: BoardProps) {
  const { t } = useText()
  const [task, setTask] = useState<string>()
  const [vehicle, setVehicle] = useState<string>()
  const ask = (chosen: string, target: string, apply: boolean) => api<Moved>(`/v1/plans/${encodeURIComponent(plan)}:move`, { method: 'POST', json: { task: chosen, vehicle: target === OFF ? null : target, apply, version } })
  const tried = useChange(({ chosen, target }: { chosen: string; target: string }) => ask(chosen, target, false), [])
  const kept = useChange(({ chosen, target }: { chosen: string; target: string }) => ask(chosen, target, true), ['/v1/plans'])
  const choose = (chosen: string | undefined) => { setTask(chosen); setVehicle(undefined); tried.reset(); kept.reset() }
  const attempt = (target: string) => { if (task === undefined || (target === vehicle && tried.data)) return; setVehicle(target); kept.reset(); tried.mutate({ chosen: task, target }) }
  const over = (target: string) => (event: DragEvent) => { event.preventDefault(); attempt(target) }
  const chip = (id: Id) => (
    <button key={String(id)} type="button" className="chip" draggable aria-pressed={task === String(id)} onDragStart={(event) => { event.dataTransfer.setData('text/plain', String(id)); event.dataTransfer.effectAllowed = 'move'; choose(String(id)) }} onClick={() => choose(task === String(id) ? undefined : String(id))}>{id}</button>
  )
  const lane = (key: string, name: string, stops: Id[], at: number) => (
    <div key={key} className={vehicle === key && task !== undefined ? 'lane-drop over' : 'lane-drop'} role="group" aria-label={name} onDragEnter={over(key)} onDragOver={(event) => event.preventDefault()} onDrop={over(key)}>
      <strong><i style={{ background: at < 0 ? 'var(--bad)' : color(at) }} />{name}</strong>
      <div className="chips">{stops.length ? stops.map((stop, place) => isTask(stop) ? chip(stop) : <span key={`${stop} ${place}`} className="quiet">{stop}</span>) : <span className="quiet">–</span>}</div>
    </div>
  )
  return (
    <Panel title={t('boardTitle')}>
      <p className="quiet">{t('boardHelp')}</p>
      <div className="board">
        {rows.map((row, at) => lane(String(row.vehicle), String(row.vehicle), row.stops, at))}
        {lane(OFF, t('boardOff'), unserved, -1)}
      </div>
      {task !== undefined && (
        <div className="tools" role="group" aria-label={t('boardMove', { task })}>
          <label>{t('boardMove', { task })} <select className="native" value={vehicle ?? NOWHERE} onChange={(event) => attempt(event.target.value)}><option value={NOWHERE} disabled>{t('boardTo')}</option>{rows.map((row) => <option key={String(row.vehicle)} value={String(row.vehicle)}>{row.vehicle}</option>)}<option value={OFF}>{t('boardOff')}</option></select></label>
          <Go text={t('boardApply')} busy={kept.isPending} type="primary" disabled={!tried.data?.feasible || tried.isPending} onClick={() => vehicle !== undefined && kept.mutate({ chosen: task, target: vehicle }, { onSuccess: () => { choose(undefined); changed() } })} />
          <Button onClick={() => choose(undefined)}>{t('cancel')}</Button>
        </div>
      )}
      <div aria-live="polite">{task !== undefined && <Verdict moved={tried.data} error={kept.error ?? tried.error} />}</div>
    </Panel>
  )
}

function Verdict({ moved, error }: { moved: Moved | undefined; error: Error | null }) {
  const { t, number } = useText()
  const problem = useProblem()
  if (error) return <Alert type="error" role="alert" showIcon title={problem(error)} />
  if (!moved) return null
  const cost = `${moved.delta > 0 ? '+' : ''}${number(moved.delta, 1)}`
  return moved.feasible
    ? <Alert type="success" showIcon title={t('boardFine', { cost })} />
    : <Alert type="warning" showIcon title={t('boardBroken', { cost })} description={<ul>{moved.broken.map((rule) => <li key={rule}>{rule}</li>)}</ul>} />
}
