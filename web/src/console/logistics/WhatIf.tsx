import { Alert } from 'antd'
import { useState } from 'react'
import { api } from '../../shared/api'
import { useChange, useProblem, useText } from '../context'
import type { Key } from '../messages'
import { Go, Panel } from '../states'

type Id = string | number
interface Change { id: Id; what: string }
interface Tried { before: { cost: number }; after: { cost: number; unserved: Id[]; broken: string[] }; delta: number; changes: Change[] }
interface WhatIfProps { plan: string; vehicles: string[]; tasks: string[]; changed: () => void }

const KINDS: Record<string, Key> = { vehicle_down: 'whatDown', delay: 'whatLate', order_cancelled: 'whatCancelled' }

/** What would happen: tried first and only told, then planned again so. */
export function WhatIf({ plan, vehicles, tasks, changed }: WhatIfProps) {
  const { t, number } = useText()
  const words = useProblem()
  const [kind, setKind] = useState('vehicle_down')
  const [thing, setThing] = useState('')
  const [minutes, setMinutes] = useState(30)
  const things = kind === 'order_cancelled' ? tasks : vehicles
  const event = kind === 'order_cancelled' ? { type: kind, id: thing } : { type: kind, vehicle: thing, ...(kind === 'delay' ? { seconds: Math.round(minutes * 60) } : {}) }
  const path = `/v1/plans/${encodeURIComponent(plan)}`
  const tried = useChange(() => api<Tried>(`${path}:what-if`, { method: 'POST', json: { changes: { events: [event] }, seconds: 2, keep: 0.9 } }), [])
  const kept = useChange(() => api(path, { method: 'PATCH', json: { events: [event], seconds: 2, keep: 0.9 } }), ['/v1/plans'])
  const reset = () => { tried.reset(); kept.reset() }
  const ready = things.includes(thing) && minutes >= 0
  const found = tried.data
  const failed = kept.error ?? tried.error
  return (
    <Panel title={t('whatTitle')}>
      <p className="quiet">{t('whatHelp')}</p>
      <div className="tools" role="group" aria-label={t('whatTitle')}>
        <label>{t('whatKind')} <select className="native" value={kind} onChange={(one) => { setKind(one.target.value); setThing(''); reset() }}>{Object.entries(KINDS).map(([key, text]) => <option key={key} value={key}>{t(text)}</option>)}</select></label>
        <label>{t(kind === 'order_cancelled' ? 'routeTask' : 'routeVehicle')} <select className="native" value={thing} onChange={(one) => { setThing(one.target.value); reset() }}><option value="" disabled>–</option>{things.map((one) => <option key={one} value={one}>{one}</option>)}</select></label>
        {kind === 'delay' && <label>{t('whatMinutes')} <input className="native" type="number" min={1} max={1440} value={minutes} onChange={(one) => { setMinutes(Number(one.target.value)); reset() }} /></label>}
        <Go text={t('whatTry')} busy={tried.isPending} type="primary" disabled={!ready || kept.isPending} onClick={() => { kept.reset(); tried.mutate(undefined) }} />
        <Go text={t('whatApply')} busy={kept.isPending} disabled={!found || tried.isPending} onClick={() => kept.mutate(undefined, { onSuccess: () => { reset(); changed() } })} />
      </div>
      <div aria-live="polite">
        {failed ? <Alert type="error" role="alert" showIcon title={words(failed)} /> : found && <Alert type={found.after.unserved.length ? 'warning' : 'info'} showIcon title={t('whatFound', { before: number(found.before.cost, 1), after: number(found.after.cost, 1), moved: number(found.changes.length), unserved: number(found.after.unserved.length) })} />}
      </div>
    </Panel>
  )
}
