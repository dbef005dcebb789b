import { Alert, Button, Input, Table } from 'antd'
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useMemo, useState } from 'react'
import { Link, useSearchParams } from 'react-router'
import { api, request } from '../../shared/api'
import { events } from '../../shared/sse'
import { useChange, useGet, useProblem, useText } from '../context'
import { Rows } from '../Rows'
import { Lanes, clock, color, nice, useWidth } from '../draw'
import { Failure, Go, Loaded, Nothing, Opener, Panel, State, Waiting } from '../states'
import type { Key } from '../messages'
import { Board } from './Board'
import { WhatIf } from './WhatIf'
import { Problem } from './Problem'
import { ROUTES } from './examples'
import { fit, isTask, placesOf, type Ground, type Places, type Point } from './geometry'

interface Stop { id: string | number; arrives: number; begins: number; ends: number }
interface Day { vehicle: string | number; departs: number; returns: number; distance: number; stops: Stop[] }
interface Route { vehicle: string | number; stops: (string | number)[] }
interface Unserved { id: string | number; reasons: string[]; relaxation: string | null }
interface Answer { cost?: number; routes?: Route[]; unserved?: Unserved[]; bound?: number | null; gap?: number | null; seconds?: number; matrix?: { source: string }; notes?: string[]; days?: Day[] }
interface Plan { id: string; state: string; version: number; job: string; plan: Answer }
interface Summary { id: string; state: string; version: number; created_at: string; name: string | null; tasks: number; cost: number | null; vehicles: number; unserved: number }

const STATES: Record<string, Key> = { queued: 'jobQueued', running: 'jobRunning', done: 'jobDone', failed: 'jobFailed', cancelled: 'jobCancelled' }
const FIRST = 15
const FRESH = 10_000

/** A plan as it improves: the server tells each better answer until it is final. */
function useLivePlan(id: string | null) {
  const [plan, setPlan] = useState<Plan>()
  const [error, setError] = useState<Error>()
  const [round, setRound] = useState(0)
  const client = useQueryClient()
  useEffect(() => {
    if (!id) return
    const control = new AbortController()
    setError(undefined)
    const follow = async () => {
      const reply = await request(`/v1/plans/${encodeURIComponent(id)}/events`, { signal: control.signal })
      for await (const next of events<Plan>(reply)) setPlan(next)
      await client.invalidateQueries({ queryKey: ['/v1/jobs'] })
    }
    follow().catch((cause: unknown) => { if (!control.signal.aborted) setError(cause instanceof Error ? cause : new Error(String(cause))) })
    return () => control.abort()
  }, [id, round, client])
  return { plan: plan?.id === id ? plan : undefined, error, retry: () => setRound(round + 1) }
}

export function Routes() {
  const { t } = useText()
  const [params, setParams] = useSearchParams()
  const id = params.get('plan')
  const open = (plan: string) => setParams(plan ? { plan } : {})
  const submit = useChange(async ({ problem, seconds }: { problem: unknown; seconds: number }) => {
    const made = await api<{ id: string }>('/v1/plans', { method: 'POST', json: { problem, seconds } })
    open(made.id)
  }, ['/v1/jobs', '/v1/plans'])
  return (
    <>
      <Problem title={t('routeTitle')} help={t('routeHelp')} example={ROUTES} go={t('routeGo')} seconds={5} busy={submit.isPending} error={submit.error} submit={(problem, seconds) => submit.mutate({ problem, seconds })} />
      <Panel title={t('routePlans')} extra={<Input.Search inputMode="numeric" size="small" style={{ maxInlineSize: 240 }} enterButton={t('routeOpen')} aria-label={t('routeOpenId')} placeholder={t('routeOpenId')} onSearch={(value) => { if (/^\d+$/.test(value.trim())) open(value.trim()) }} />}>
        <Plans open={open} id={id} />
      </Panel>
      {id && <Shown key={id} id={id} />}
    </>
  )
}

/** The newest plans of the workspace; older ones are fetched a page at a time. */
function Plans({ open, id }: { open: (id: string) => void; id: string | null }) {
  const { t, number, time } = useText()
  const [count, setCount] = useState(FIRST)
  const query = useGet<{ plans: Summary[]; next: string | null }>(`/v1/plans?limit=${count}`, FRESH)
  return (
    <Loaded query={query}>
      {({ plans, next }) => plans.length === 0 ? <p className="quiet">{t('routePlansNone')}</p> : (
        <>
          <Rows label={t('routePlans')} rows={plans} columns={[
            [t('routeName'), (row) => <><Opener open={() => open(row.id)}>{row.name || row.id}</Opener>{row.id === id && ' ✓'}</>],
            [t('colState'), (row) => <State state={row.state} text={STATES[row.state] ? t(STATES[row.state] as Key) : row.state} />],
            [t('routeTasks'), (row) => number(row.tasks), true],
            [t('routeVehicles'), (row) => number(row.vehicles), true],
            [t('routeUnserved'), (row) => number(row.unserved), true],
            [t('logCost'), (row) => number(row.cost, 1), true],
            [t('routeMade'), (row) => time(row.created_at)],
          ]} />
          {next && count < 200 && <div className="tools"><Button size="small" onClick={() => setCount(Math.min(200, count * 3))}>{t('routeMore')}</Button></div>}
        </>
      )}
    </Loaded>
  )
}

function Shown({ id }: { id: string }) {
  const { t, number } = useText()
  const words = useProblem()
  const { plan, error, retry } = useLivePlan(id)
  const cancel = useChange(() => api(`/v1/plans/${encodeURIComponent(id)}/cancel`, { method: 'POST', json: {} }), ['/v1/jobs'])
  const ground = useGet<Ground>(`/v1/plans/${encodeURIComponent(id)}/places`)
  const places = useMemo(() => placesOf(ground.data), [ground.data])
  if (error && !plan) return <Failure error={error} retry={retry} />
  if (!plan) return <Waiting />
  const answer = plan.plan
  const moving = plan.state === 'queued' || plan.state === 'running'
  const used = new Set((answer.routes ?? []).map((one) => String(one.vehicle)))
  const fleet: Route[] = [...(answer.routes ?? []), ...Object.keys(ground.data?.vehicles ?? {}).filter((one) => !used.has(one)).map((vehicle) => ({ vehicle, stops: [] }))]
  return (
    <>
      {error && <Failure error={error} retry={retry} />}
      <Panel title={t('routePlan', { id })} extra={moving && <Go text={t('routeStop')} busy={cancel.isPending} size="small" onClick={() => cancel.mutate(undefined)} />}>
        <p aria-live="polite"><State state={plan.state} text={STATES[plan.state] ? t(STATES[plan.state] as Key) : plan.state} /> <span className="quiet">{answer.matrix?.source}</span></p>
        {answer.notes !== undefined && answer.notes.length > 0 && <Alert type="info" showIcon title={<ul className="notes">{answer.notes.map((note) => <li key={note}>{note}</li>)}</ul>} />}
        {cancel.error && <Alert type="error" role="alert" showIcon title={words(cancel.error)} />}
        <dl className="figures">
          <div className="figure"><dt>{t('logCost')}</dt><dd>{number(answer.cost, 1)}</dd></div>
          <div className="figure"><dt>{t('berthBound')}</dt><dd>{number(answer.bound, 1)}</dd></div>
          <div className="figure"><dt>{t('routeVehicles')}</dt><dd>{number(answer.routes?.filter((one) => one.stops.length).length)}</dd></div>
          <div className="figure"><dt>{t('routeUnserved')}</dt><dd>{number(answer.unserved?.length)}</dd></div>
        </dl>
      </Panel>
      {answer.routes && <Drawn answer={answer} places={places} plan={id} />}
      {answer.routes && !moving && <Board key={plan.version} plan={id} version={plan.version} rows={fleet} unserved={(answer.unserved ?? []).map((one) => one.id)} changed={retry} />}
      {answer.routes && !moving && <WhatIf plan={id} vehicles={fleet.map((one) => String(one.vehicle))} tasks={[...(answer.routes.flatMap((one) => one.stops.filter(isTask))), ...(answer.unserved ?? []).map((one) => one.id)].map(String)} changed={retry} />}
      {!answer.routes && !moving && <Panel><Nothing text={t('routeNoAnswer')} /></Panel>}
    </>
  )
}

function Drawn({ answer, places, plan }: { answer: Answer; places: Places; plan: string }) {
  const { t } = useText()
  const [only, setOnly] = useState<string>()
  const routes = answer.routes ?? []
  const unserved = answer.unserved ?? []
  return (
    <>
      <Panel title={t('routeMap')}>
        {places.tasks.size === 0 ? <Nothing text={t('routeNoMap')} /> : <Sheet routes={routes} unserved={unserved} places={places} only={only} />}
        <ul className="legend">
          {routes.map((one, at) => one.stops.length > 0 && <li key={String(one.vehicle)}><button type="button" className="opener" aria-pressed={only === String(one.vehicle)} onClick={() => setOnly(only === String(one.vehicle) ? undefined : String(one.vehicle))}><i style={{ background: color(at) }} />{one.vehicle} ({one.stops.filter(isTask).length})</button></li>)}
        </ul>
      </Panel>
      {answer.days && <Days days={answer.days} plan={plan} />}
      <Panel title={t('routeUnserved')}>
        {unserved.length === 0 ? <Nothing text={t('routeAllServed')} /> : <Rows label={t('routeUnserved')} rows={unserved} columns={[[t('routeTask'), (row) => row.id], [t('logReason'), (row) => row.reasons.join('; ') || '–'], [t('routeRelax'), (row) => row.relaxation ?? '–']]} />}
      </Panel>
    </>
  )
}

interface MapProps { routes: Route[]; unserved: Unserved[]; places: Places; only: string | undefined }

/** Routes on an empty sheet, north up, with a scale; nothing is fetched for it. */
function Sheet({ routes, unserved, places, only }: MapProps) {
  const { t, number } = useText()
  const [ref, width] = useWidth()
  const height = Math.min(460, Math.max(260, Math.round(width * 0.6)))
  const all = [...places.tasks.values(), ...places.starts.values(), ...places.ends.values()]
  const { at, unit } = fit(all, Math.max(width, 100), height, places.earthly)
  const path = (one: Route) => [places.starts.get(String(one.vehicle)), ...one.stops.map((stop) => places.tasks.get(String(stop))), places.ends.get(String(one.vehicle))].filter((found): found is Point => found !== undefined).map(at)
  const dim = (one: Route) => (only && only !== String(one.vehicle) ? 0.15 : 1)
  const bar = nice(unit * Math.min(180, width / 3))
  const length = !places.earthly ? t('routeUnits', { count: number(bar, 2) }) : bar >= 1000 ? `${number(bar / 1000, 1)} km` : `${number(bar, 1)} m`
  const dots = (ids: (string | number)[]) => ids.flatMap((id) => { const found = places.tasks.get(String(id)); return found ? [{ id, ...at(found) }] : [] })
  return (
    <div ref={ref} className="drawing">
      {width > 0 && (
        <svg width={width} height={height} role="img" aria-label={t('routeSummary', { routes: number(routes.filter((one) => one.stops.length).length), tasks: number(places.tasks.size), unserved: number(unserved.length) })}>
          {routes.map((one, index) => (
            <g key={String(one.vehicle)} opacity={dim(one)}>
              <polyline className="route" points={path(one).map((spot) => `${spot.x.toFixed(1)},${spot.y.toFixed(1)}`).join(' ')} fill="none" stroke={color(index)} strokeWidth={2.2} />
              {dots(one.stops).map((spot) => <circle key={spot.id} cx={spot.x} cy={spot.y} r={4} fill={color(index)}><title>{`${spot.id}, ${one.vehicle}`}</title></circle>)}
            </g>
          ))}
          {dots(unserved.map((one) => one.id)).map((spot) => <path key={spot.id} className="missed" d={`M${spot.x - 5} ${spot.y - 5}l10 10m0-10l-10 10`}><title>{String(spot.id)}</title></path>)}
          {[...new Set([...places.starts.values(), ...places.ends.values()])].map(at).map((spot) => <rect key={`${spot.x} ${spot.y}`} className="depot" x={spot.x - 6} y={spot.y - 6} width={12} height={12} />)}
          <path className="scale" d={`M14 ${height - 14}v6h${bar / unit}v-6`} fill="none" />
          <text x={22 + bar / unit} y={height - 8}>{length}</text>
        </svg>
      )}
    </div>
  )
}

function Days({ days, plan }: { days: Day[]; plan: string }) {
  const { t, number } = useText()
  const used = days.filter((day) => day.stops.length > 0)
  if (!used.length) return null
  const lanes = used.map((day, at) => ({
    name: String(day.vehicle),
    spans: [{ from: day.departs, to: day.returns, title: `${day.vehicle}: ${clock(day.departs)}–${clock(day.returns)}`, shade: at, thin: true }, ...day.stops.map((stop) => ({ from: stop.begins, to: stop.ends, title: `${stop.id}: ${clock(stop.begins)}–${clock(stop.ends)}`, shade: at }))],
  }))
  return (
    <Panel title={t('routeTimeline')}>
      <Lanes lanes={lanes} format={clock} label={t('routeTimelineSummary', { vehicles: number(used.length) })} />
      <Table size="small" rowKey={(row) => String(row.vehicle)} dataSource={used} pagination={{ pageSize: 20, hideOnSinglePage: true }} scroll={{ x: 'max-content' }}
        expandable={{ expandedRowRender: (day) => <ol className="stops">{day.stops.map((stop) => <li key={String(stop.id)}>{stop.id} <span className="quiet number">{clock(stop.begins)}–{clock(stop.ends)}</span></li>)}</ol> }}
        columns={[
          { title: t('routeVehicle'), dataIndex: 'vehicle' },
          { title: t('routeStops'), key: 'stops', align: 'end', render: (_, day) => number(day.stops.length) },
          { title: t('routeLeaves'), dataIndex: 'departs', align: 'end', render: clock },
          { title: t('routeBack'), dataIndex: 'returns', align: 'end', render: clock },
          { title: t('routeDriver'), key: 'driver', render: (_, day) => <Link to={`/logistics/plans/${encodeURIComponent(plan)}/vehicles/${encodeURIComponent(String(day.vehicle))}`}>{t('routeDriverOpen')}</Link> },
          { title: t('routeDistance'), dataIndex: 'distance', align: 'end', render: (value: number) => number(value) },
        ]} />
    </Panel>
  )
}
