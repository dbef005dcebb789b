import { Alert, App, Button, Drawer, Progress as AntProgress, Table, type TableColumnsType } from 'antd'
import { useEffect, useState } from 'react'
import { api, request } from '../../shared/api'
import { events } from '../../shared/sse'
import { Rows } from '../Rows'
import { useChange, useGet, useProblem, useText } from '../context'
import { Curve, type Series } from '../draw'
import type { Key } from '../messages'
import { Json, Loaded, Nothing, Opener, Panel, State, Title } from '../states'

interface Run { id: string; name: string; kind: string; state: string; recipe_hash: string; step: number; steps: number; message: string; error: string | null; result: unknown; asset: string | null; job_id: string | null; created_at: string; finished_at: string | null }
interface Loss { step: number; loss?: number | null; heldout?: number | null }
interface Score { task: string; metric: string; value: number; low: number; high: number; examples: number; model: string; higher_is_better: boolean }
interface Step { event: string; phase?: string; eta?: number; tokens_per_second?: number }

const RUNS = '/v1/training/runs'
const STATES: Record<string, Key> = { running: 'jobRunning', done: 'jobDone', failed: 'jobFailed', stopped: 'trainStopped' }

function RunState({ run }: { run: Run }) {
  const { t } = useText()
  return <State state={run.state} text={STATES[run.state] ? t(STATES[run.state] as Key) : run.state} />
}

function Steps({ run }: { run: Run }) {
  const { number } = useText()
  const { t } = useText()
  const percent = run.steps ? Math.min(100, Math.round((100 * run.step) / run.steps)) : run.state === 'done' ? 100 : 0
  return <div><AntProgress percent={percent} size="small" status={run.state === 'failed' ? 'exception' : run.state === 'done' ? 'success' : 'normal'} aria-label={`${t('colProgress')}: ${run.name}`} /><span className="quiet number">{number(run.step)}{run.steps > 0 && ` / ${number(run.steps)}`} {run.message}</span></div>
}

export default function TrainingPage() {
  const { t, time } = useText()
  const { modal } = App.useApp()
  const problem = useProblem()
  const runs = useGet<{ runs: Run[] }>(`${RUNS}?limit=100`, 4_000)
  const [open, setOpen] = useState<string>()
  const cancel = useChange((run: Run) => api(`${RUNS}/${encodeURIComponent(run.name)}/cancel`, { method: 'POST', json: {} }), [RUNS])
  const ask = (run: Run) => void modal.confirm({ title: t('trainCancelOf', { name: run.name }), content: t('trainCancelText'), okText: t('trainCancel'), cancelText: t('close'), onOk: () => cancel.mutateAsync(run).catch(() => undefined) })
  const columns: TableColumnsType<Run> = [
    { title: t('trainRun'), dataIndex: 'name', render: (name: string, run) => <><Opener open={() => setOpen(run.name)}>{name}</Opener><br /><span className="quiet">{run.kind}</span></> },
    { title: t('colState'), dataIndex: 'state', render: (_, run) => <RunState run={run} /> },
    { title: t('colProgress'), key: 'progress', width: 280, render: (_, run) => <Steps run={run} /> },
    { title: t('colCreated'), dataIndex: 'created_at', render: time },
    { title: t('colFinished'), dataIndex: 'finished_at', render: time },
    { title: '', key: 'cancel', align: 'end', render: (_, run) => run.state === 'running' && <Button size="small" aria-label={t('trainCancelOf', { name: run.name })} onClick={() => ask(run)}>{t('trainCancel')}</Button> },
  ]
  const chosen = runs.data?.runs.find((run) => run.name === open)
  return (
    <>
      <Title title={t('navTraining')} help={t('trainHelp')} />
      {cancel.error && <Alert type="error" role="alert" showIcon title={problem(cancel.error)} />}
      <Panel title={t('trainRuns')}>
        <Loaded query={runs}>
          {(data) => (data.runs.length ? <Table size="small" rowKey="name" columns={columns} dataSource={data.runs} scroll={{ x: 'max-content' }} pagination={{ pageSize: 15, hideOnSinglePage: true, showSizeChanger: false }} /> : <Nothing text={t('trainEmpty')} />)}
        </Loaded>
      </Panel>
      <Leaderboard />
      <Drawer open={open !== undefined} onClose={() => setOpen(undefined)} size={720} title={open ?? t('trainRun')} destroyOnHidden>{chosen && <Details run={chosen} />}</Drawer>
    </>
  )
}

/** The newest step that a run's stream told, while it runs. */
function useStep(run: Run): Step | undefined {
  const [step, setStep] = useState<Step>()
  const running = run.state === 'running'
  useEffect(() => {
    if (!running) return
    const control = new AbortController()
    const follow = async () => {
      const reply = await request(`${RUNS}/${encodeURIComponent(run.name)}/events`, { signal: control.signal })
      for await (const next of events<Step>(reply)) if (next.event === 'progress') setStep(next)
    }
    // A broken stream leaves the last known step; the list of runs goes on polling.
    follow().catch(() => undefined)
    return () => control.abort()
  }, [run.name, running])
  return running ? step : undefined
}

function duration(seconds: number): string {
  const pad = (value: number) => String(value).padStart(2, '0')
  const whole = Math.max(0, Math.round(seconds))
  return `${Math.floor(whole / 3600)}:${pad(Math.floor((whole % 3600) / 60))}:${pad(whole % 60)}`
}

function Details({ run }: { run: Run }) {
  const { t, time, number } = useText()
  const step = useStep(run)
  return (
    <>
      <div aria-live="polite"><p><RunState run={run} /></p><Steps run={run} /></div>
      <dl className="drawer-facts" style={{ marginBlockStart: 16 }}>
        {step?.eta !== undefined && <><dt>{t('trainEta')}</dt><dd className="number">{duration(step.eta)}</dd></>}
        {step?.tokens_per_second !== undefined && <><dt>{t('trainRate')}</dt><dd>{number(step.tokens_per_second)}</dd></>}
        <dt>{t('colKind')}</dt><dd>{run.kind}</dd>
        <dt>{t('trainRecipe')}</dt><dd className="mono">{run.recipe_hash}</dd>
        <dt>{t('colCreated')}</dt><dd>{time(run.created_at)}</dd>
        <dt>{t('colFinished')}</dt><dd>{time(run.finished_at)}</dd>
        {run.asset && <><dt>{t('trainAsset')}</dt><dd>{run.asset}</dd></>}
      </dl>
      {run.error && <Alert type="error" role="alert" showIcon title={t('jobError')} description={run.error} />}
      <h3>{t('trainLosses')}</h3>
      <Losses run={run} />
      {run.result !== null && run.result !== undefined && <><h3>{t('jobResult')}</h3><Json value={run.result} /></>}
    </>
  )
}

/** At most about 600 points of a curve, the last one always among them. */
function thinned(points: [number, number][]): [number, number][] {
  const every = Math.ceil(points.length / 600)
  return points.filter((_, at) => at % every === 0 || at === points.length - 1)
}

function Losses({ run }: { run: Run }) {
  const { t, number } = useText()
  const losses = useGet<{ losses: Loss[] }>(`${RUNS}/${encodeURIComponent(run.name)}/losses`, run.state === 'running' ? 4_000 : undefined)
  return (
    <Loaded query={losses}>
      {(data) => {
        const points = (pick: (one: Loss) => number | null | undefined) => data.losses.flatMap((one): [number, number][] => { const value = pick(one); return typeof value === 'number' && Number.isFinite(value) ? [[one.step, value]] : [] })
        const trained = points((one) => one.loss)
        const held = points((one) => one.heldout)
        const series: Series[] = [{ name: t('trainLoss'), points: thinned(trained) }, ...(held.length ? [{ name: t('trainHeld'), points: held, dots: true }] : [])]
        if (!trained.length && !held.length) return <Nothing text={t('trainNoLosses')} />
        const last = (list: [number, number][]) => number(list.at(-1)?.[1], 4)
        return <Curve series={series} across={t('trainStep')} formatX={(value) => number(value)} formatY={(value) => number(value, 3)} label={t('trainCurve', { count: number(trained.length), loss: last(trained), held: last(held) })} />
      }}
    </Loaded>
  )
}

function Leaderboard() {
  const { t, number } = useText()
  const board = useGet<{ scores: Score[] }>('/v1/training/leaderboard', 30_000)
  return (
    <Panel title={t('trainBoard')}>
      <p className="quiet">{t('trainBoardHelp')}</p>
      <Loaded query={board}>
        {(data) => (data.scores.length === 0 ? <Nothing text={t('trainBoardEmpty')} /> : (
          <Rows label={t('trainBoard')} rows={data.scores} columns={[
            [t('trainTask'), (row) => row.task],
            [t('trainMetric'), (row) => `${row.metric} ${row.higher_is_better ? '↑' : '↓'}`],
            [t('colModel'), (row) => row.model || '–'],
            [t('colValue'), (row) => number(row.value, 4), true],
            [t('trainInterval'), (row) => `${number(row.low, 4)} – ${number(row.high, 4)}`, true],
            [t('trainExamples'), (row) => number(row.examples), true],
          ]} />
        ))}
      </Loaded>
    </Panel>
  )
}
