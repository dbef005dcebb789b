import { useEffect } from 'react'
import { useParams } from 'react-router'
import { api } from '../../shared/api'
import { useChange, useGet, useProblem, useText } from '../context'
import { clock } from '../draw'
import { Failure, Go, Loaded, Nothing, State } from '../states'

interface Stop { id: string | number; status: 'done' | 'next' | 'planned'; kind: string; load: number[]; on_board: number[]; arrives: number; begins: number; ends: number; windows_s: [number, number][]; name?: string; note?: string; lat?: number; lon?: number; x?: number; y?: number }
interface Day { plan: string; version: number; vehicle: string | number; departs: number | null; returns: number | null; broken: string[]; next: string | number | null; stops: Stop[] }

const FRESH = 20_000

/** One vehicle's day on a phone: what is next, large, and what follows. */
export default function DriverPage() {
  const { id = '', vehicle = '' } = useParams()
  const path = `/v1/plans/${encodeURIComponent(id)}/vehicles/${encodeURIComponent(vehicle)}`
  const day = useGet<Day>(path, FRESH)
  const { t } = useText()
  useEffect(() => { document.title = `${vehicle} · Yunqi` }, [vehicle])
  return (
    <div className="driver">
      <h1>{vehicle}</h1>
      <p className="quiet">{t('drivePlan', { id })}</p>
      <Loaded query={day}>{(found) => <Stops day={found} path={path} />}</Loaded>
    </div>
  )
}

function Stops({ day, path }: { day: Day; path: string }) {
  const { t, number } = useText()
  const done = useChange((stop: Stop) => api(`${path}/stops/${encodeURIComponent(String(stop.id))}:done`, { method: 'POST', json: {} }), [path])
  const problem = useProblem()
  const next = day.stops.find((stop) => stop.status === 'next')
  const left = day.stops.filter((stop) => stop.status !== 'done').length
  if (!day.stops.length) return <Nothing text={t('driveNone')} />
  return (
    <>
      <p aria-live="polite">{t('driveLeft', { left: number(left), all: number(day.stops.length) })}{day.returns !== null && `, ${t('driveBack', { time: clock(day.returns) })}`}</p>
      {day.broken.map((rule) => <p key={rule} role="alert" className="late">{rule}</p>)}
      {next ? (
        <section className="panel next-stop" aria-label={t('driveNext')}>
          <h2>{t('driveNext')}</h2>
          <p className="next-name" dir="auto">{next.name ?? next.id}</p>
          {next.name && <p className="quiet" dir="auto">{next.id}</p>}
          <dl className="figures">
            <div className="figure"><dt>{t('driveArrives')}</dt><dd>{clock(next.arrives)}</dd></div>
            <div className="figure"><dt>{t('driveWindow')}</dt><dd>{windows(next)}</dd></div>
            <div className="figure"><dt>{t('driveLoad')}</dt><dd>{next.load.map((one) => number(one)).join(' / ') || '–'}</dd></div>
          </dl>
          {next.note && <p dir="auto">{next.note}</p>}
          {next.lat !== undefined && next.lon !== undefined && <p className="quiet number" dir="ltr">{next.lat}, {next.lon}</p>}
          <Go text={t('driveDone')} busy={done.isPending} type="primary" size="large" block onClick={() => done.mutate(next)} />
          {done.error && <Failure error={new Error(problem(done.error))} />}
        </section>
      ) : <section className="panel"><Nothing text={t('driveFinished')} /></section>}
      <ol className="drive-list" aria-label={t('routeStops')}>
        {day.stops.map((stop) => (
          <li key={String(stop.id)} aria-current={stop.status === 'next' ? 'step' : undefined} className={stop.status}>
            <span dir="auto">{stop.name ?? stop.id}</span>
            <span className="quiet number">{clock(stop.begins)}</span>
            <State state={stop.status === 'done' ? 'done' : stop.status === 'next' ? 'running' : 'queued'} text={t(stop.status === 'done' ? 'driveWas' : stop.status === 'next' ? 'driveNow' : 'driveLater')} />
          </li>
        ))}
      </ol>
    </>
  )
}

function windows(stop: Stop): string {
  return stop.windows_s.map(([low, high]) => `${clock(low)}–${high > 1e8 ? '' : clock(high)}`).join(', ') || '–'
}
