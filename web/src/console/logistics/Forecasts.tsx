import { Alert, Button, Input, InputNumber, Segmented, Select } from 'antd'
import { useMemo, useState } from 'react'
import { api } from '../../shared/api'
import { useChange, useProblem, useText } from '../context'
import { Rows } from '../Rows'
import { color, ticks, useWidth } from '../draw'
import { Go, Nothing, Panel } from '../states'
import { Paste } from './Paste'
import { salesExample, tripsExample } from './examples'
import { past, sales, type Sale } from './tables'

type Kind = 'demand' | 'arrivals'
const LEVELS = [0.95, 0.8] as const

/** What is to come: demand by series, and when trips under way end, each with its intervals. */
export function Forecasts() {
  const { t } = useText()
  const [kind, setKind] = useState<Kind>('demand')
  return (
    <>
      <Segmented<Kind> aria-label={t('foreKind')} value={kind} onChange={setKind} options={[{ value: 'demand', label: t('foreDemand') }, { value: 'arrivals', label: t('foreArrivals') }]} style={{ marginBlockEnd: 12 }} />
      <div hidden={kind !== 'demand'}><Demand /></div>
      <div hidden={kind !== 'arrivals'}><Arrivals /></div>
    </>
  )
}

interface Row { id: string; start: string; median: number; low: number; high: number }
interface Answer { method: string; by: 'day' | 'week'; forecasts: Row[] }
interface Shown { rows: Sale[]; wide: Answer; narrow: Answer }

function Demand() {
  const { t } = useText()
  const problem = useProblem()
  const [text, setText] = useState('')
  const [by, setBy] = useState<'day' | 'week'>('week')
  const [horizon, setHorizon] = useState(6)
  const ask = useChange(async (): Promise<Shown> => {
    const [wide, narrow] = [await forecast(text, by, horizon, LEVELS[0]), await forecast(text, by, horizon, LEVELS[1])]
    return { rows: sales(text), wide, narrow }
  }, [])
  return (
    <>
      <Panel title={t('demandTitle')} extra={<Button size="small" onClick={() => setText(salesExample())}>{t('logExample')}</Button>}>
        <p className="quiet">{t('demandHelp')}</p>
        <Paste label={t('demandTable')} hint={t('demandHint')} value={text} accept=".csv,text/csv" change={setText}>
          <Select aria-label={t('demandBy')} value={by} onChange={setBy} style={{ inlineSize: 110 }} options={[{ value: 'week', label: t('demandWeek') }, { value: 'day', label: t('demandDay') }]} />
          <label>{t('demandAhead')} <InputNumber min={1} max={by === 'week' ? 13 : 92} value={horizon} aria-label={t('demandAhead')} onChange={(value) => setHorizon(value ?? 6)} style={{ inlineSize: 76 }} /></label>
          <Go text={t('demandGo')} busy={ask.isPending} type="primary" disabled={!text.trim()} onClick={() => ask.mutate(undefined)} />
        </Paste>
        {ask.isPending && <p className="quiet" role="status">{t('logBusy')}</p>}
        {ask.error && <Alert type="error" role="alert" showIcon title={problem(ask.error)} />}
      </Panel>
      {!ask.data && !ask.isPending && <Panel><Nothing text={t('demandEmpty')} /></Panel>}
      {ask.data && <Series shown={ask.data} />}
    </>
  )
}

const forecast = (table: string, by: string, horizon: number, level: number) => api<Answer>('/v1/forecasts', { method: 'POST', json: { table, by, horizon, level } })

interface Bucket { at: number; median: number; low: number; high: number; under: number; over: number }

function Series({ shown }: { shown: Shown }) {
  const { t, number, locale } = useText()
  const ids = useMemo(() => [...new Set(shown.wide.forecasts.map((one) => one.id))], [shown])
  const [chosen, setChosen] = useState('')
  const id = ids.includes(chosen) ? chosen : (ids[0] ?? '')
  const inner = shown.narrow.forecasts.filter((one) => one.id === id)
  const ahead: Bucket[] = shown.wide.forecasts.filter((one) => one.id === id).map((one, at) => ({ at: Date.parse(one.start), median: one.median, low: one.low, high: one.high, under: inner[at]?.low ?? one.median, over: inner[at]?.high ?? one.median }))
  const days = shown.wide.by === 'week' ? 7 : 1
  const first = new Date(ahead[0]?.at ?? 0).toISOString().slice(0, 10)
  const before = past(shown.rows, id, first, days, days === 7 ? 26 : 60)
  const date = useMemo(() => { const format = new Intl.DateTimeFormat(locale, { month: 'short', day: 'numeric', timeZone: 'UTC' }); return (at: number) => format.format(at) }, [locale])
  return (
    <Panel title={t('demandPlot')} extra={<Select showSearch size="small" style={{ minInlineSize: 160 }} aria-label={t('demandSeries')} value={id} onChange={setChosen} options={ids.map((value) => ({ value, label: value }))} />}>
      <p className="quiet">{t('demandMethod', { method: shown.wide.method, count: number(ids.length) })}</p>
      <Fan before={before} ahead={ahead} label={t('demandSummary', { id, buckets: number(ahead.length), median: number(ahead.reduce((sum, one) => sum + one.median, 0), 1) })} date={date} />
      <Rows label={t('demandRows')} rows={ahead} columns={[
        [t('demandFrom'), (row) => date(row.at)], [t('demandMedian'), (row) => number(row.median, 1), true],
        [t('demand80'), (row) => <bdi>{`${number(row.under, 1)} – ${number(row.over, 1)}`}</bdi>, true], [t('demand95'), (row) => <bdi>{`${number(row.low, 1)} – ${number(row.high, 1)}`}</bdi>, true],
      ]} />
    </Panel>
  )
}

interface FanProps { before: [at: number, value: number][]; ahead: Bucket[]; label: string; date: (at: number) => string }

/** What was sold, and what is to come: the median in two bands. */
function Fan({ before, ahead, label, date }: FanProps) {
  const { t, number } = useText()
  const [ref, width] = useWidth()
  const times = [...before.map(([at]) => at), ...ahead.map((one) => one.at)]
  const [left, right] = [Math.min(...times), Math.max(...times)]
  const values = [...before.map(([, value]) => value), ...ahead.flatMap((one) => [one.high, one.low])]
  const [low, high] = [Math.min(0, ...values), Math.max(1, ...values)]
  const x = (at: number) => 56 + ((width - 72) * (at - left)) / (right - left || 1)
  const y = (value: number) => 224 - (208 * (value - low)) / (high - low)
  const line = (points: [number, number][]) => points.map(([at, value], k) => `${k ? 'L' : 'M'}${x(at)} ${y(value)}`).join('')
  const band = (from: (one: Bucket) => number, to: (one: Bucket) => number) => `${line([...ahead.map((one): [number, number] => [one.at, to(one)]), ...ahead.toReversed().map((one): [number, number] => [one.at, from(one)])])}Z`
  const marks = times.filter((_, at) => at % Math.max(1, Math.ceil((times.length * 76) / Math.max(1, width - 72))) === 0)
  const medians = ahead.map((one): [number, number] => [one.at, one.median])
  return (
    <div ref={ref} className="drawing">
      {width > 0 && ahead.length > 0 && (
        <svg width={width} height={252} role="img" aria-label={label}>
          {ticks(low, high, 5).map((mark) => <g key={mark}><line className="rule" x1={56} x2={width - 16} y1={y(mark)} y2={y(mark)} /><text x={50} y={y(mark) + 4} textAnchor="end">{number(mark, 1)}</text></g>)}
          {marks.map((at) => <text key={at} x={x(at)} y={244} textAnchor="middle">{date(at)}</text>)}
          <path className="band wide" d={band((one) => one.low, (one) => one.high)} />
          <path className="band" d={band((one) => one.under, (one) => one.over)} />
          <path d={line(before)} fill="none" stroke={color(2)} strokeWidth={2} />
          <path d={line([...before.slice(-1), ...medians])} fill="none" stroke={color(0)} strokeWidth={2} strokeDasharray="6 3" />
          {medians.map(([at, value]) => <circle key={at} cx={x(at)} cy={y(value)} r={3.5} fill={color(0)}><title>{`${date(at)}: ${number(value, 1)}`}</title></circle>)}
        </svg>
      )}
      <ul className="legend"><li><i style={{ background: color(2) }} />{t('demandSold')}</li><li><i style={{ background: color(0) }} />{t('demandMedian')}</li><li><i className="swatch" />{t('demand80')}</li><li><i className="swatch wide" />{t('demand95')}</li></ul>
    </div>
  )
}

interface Arrival { row: number; minutes: number; low: number; high: number }
interface Held { trips: number; coverage: number; width_min: number; error_min: number }
interface Etas { level: number; report?: { held_out: Held }; arrivals: Arrival[] }

function Arrivals() {
  const { t, number } = useText()
  const problem = useProblem()
  const [history, setHistory] = useState('')
  const [trips, setTrips] = useState('')
  const [by, setBy] = useState('')
  const [level, setLevel] = useState(0.95)
  const ask = useChange(() => api<Etas>('/v1/etas', { method: 'POST', json: { history, under_way: trips, by: by.trim() || null, level } }), [])
  const fill = () => { const made = tripsExample(); setHistory(made.history); setTrips(made.underWay); setBy('zone') }
  const found = ask.data
  return (
    <>
      <Panel title={t('etaTitle')} extra={<Button size="small" onClick={fill}>{t('logExample')}</Button>}>
        <p className="quiet">{t('etaHelp')}</p>
        <div className="grid">
          <Paste label={t('etaHistory')} hint={t('etaHistoryHint')} value={history} accept=".csv,text/csv" change={setHistory} />
          <Paste label={t('etaUnderWay')} hint={t('etaUnderWayHint')} value={trips} accept=".csv,text/csv" change={setTrips} />
        </div>
        <div className="tools" style={{ marginBlockStart: 12 }}>
          <Input style={{ maxInlineSize: 240 }} aria-label={t('etaBy')} placeholder={t('etaBy')} value={by} onChange={(event) => setBy(event.target.value)} />
          <Select aria-label={t('etaLevel')} value={level} onChange={setLevel} style={{ inlineSize: 90 }} options={[0.8, 0.9, 0.95].map((value) => ({ value, label: `${number(100 * value)} %` }))} />
          <Go text={t('etaGo')} busy={ask.isPending} type="primary" disabled={!history.trim() || !trips.trim()} onClick={() => ask.mutate(undefined)} />
        </div>
        {ask.isPending && <p className="quiet" role="status">{t('logBusy')}</p>}
        {ask.error && <Alert type="error" role="alert" showIcon title={problem(ask.error)} />}
      </Panel>
      {!found && !ask.isPending && <Panel><Nothing text={t('etaEmpty')} /></Panel>}
      {found && (
        <>
          {found.report && (
            <dl className="figures">
              <div className="figure"><dt>{t('etaHeld', { level: number(100 * found.level) })}</dt><dd><bdi>{number(100 * found.report.held_out.coverage, 1)} %</bdi></dd></div>
              <div className="figure"><dt>{t('etaError')}</dt><dd><bdi>{number(found.report.held_out.error_min, 1)} min</bdi></dd></div>
              <div className="figure"><dt>{t('etaWidth')}</dt><dd><bdi>{number(found.report.held_out.width_min, 1)} min</bdi></dd></div>
              <div className="figure"><dt>{t('etaTrips')}</dt><dd>{number(found.report.held_out.trips)}</dd></div>
            </dl>
          )}
          <Panel title={t('etaArrivals')}>
            <Reach rows={found.arrivals} level={number(100 * found.level)} />
            <Rows label={t('etaArrivals')} rows={found.arrivals} columns={[
              [t('etaRow'), (row) => number(row.row), true], [t('etaMinutes'), (row) => number(row.minutes, 1), true],
              [t('etaInterval', { level: number(100 * found.level) }), (row) => <bdi>{`${number(row.low, 1)} – ${number(row.high, 1)}`}</bdi>, true],
            ]} />
          </Panel>
        </>
      )}
    </>
  )
}

/** Each trip's minutes in their interval. */
function Reach({ rows, level }: { rows: Arrival[]; level: string }) {
  const { t, number } = useText()
  const [ref, width] = useWidth()
  const shown = rows.slice(0, 40)
  const most = Math.max(1, ...shown.map((one) => one.high))
  const x = (value: number) => 44 + ((width - 60) * value) / most
  const up = 22
  const height = shown.length * up + 50
  return (
    <div ref={ref} className="drawing">
      {width > 0 && (
        <svg width={width} height={height} role="img" aria-label={t('etaSummary', { trips: number(rows.length), level })}>
          {ticks(0, most, width / 90).map((mark) => <g key={mark}><line className="rule" x1={x(mark)} x2={x(mark)} y1={4} y2={height - 44} /><text x={x(mark)} y={height - 26} textAnchor="middle">{number(mark)}</text></g>)}
          {shown.map((one, at) => {
            const middle = at * up + 15
            return (
              <g key={one.row}>
                <title>{t('etaSpan', { level, row: number(one.row), minutes: number(one.minutes, 1), low: number(one.low, 1), high: number(one.high, 1) })}</title>
                <text x={36} y={middle + 4} textAnchor="end">{number(one.row)}</text>
                <rect className="band" x={x(one.low)} width={Math.max(1, x(one.high) - x(one.low))} y={middle - 6} height={12} rx={3} />
                <circle cx={x(one.minutes)} cy={middle} r={4} fill={color(0)} />
              </g>
            )
          })}
          <text x={width - 14} y={height - 8} textAnchor="end">{t('etaAxis')}</text>
        </svg>
      )}
    </div>
  )
}
