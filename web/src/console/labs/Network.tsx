import { Alert } from 'antd'
import { useState } from 'react'
import { api } from '../../shared/api'
import { Rows } from '../Rows'
import { useChange, useProblem, useText } from '../context'
import { Curve, Lanes, type Lane } from '../draw'
import { Go, Nothing, Panel, State, Waiting } from '../states'
import { Drop, Share } from './parts'

interface Segment { place: string; layers: number; first: string; last: string; macs: number; input_bytes: number; output_bytes: number }
interface Compiled { network: string; chip: string; bits: number; macs: number; segments: Segment[]; refusals: { node: string; op: string; reason: string; way_out: string }[]; sram: { capacity: number; peak: number; weights: number } }
interface LayerRow { layer: string; operation: string; engine: string; cycles: number; utilisation: number; bound_by: string }
interface Span { core: number; engine: string; layer: string; tile: number; start: number; end: number }
interface Profile { peak_ips: number; one_image_us: number; utilisation: number; cycles: number; engines: Record<string, number>; layers: LayerRow[]; memory: { capacity: number; weights: number; steps: { step: number; layer: string; bytes: number }[] }; timeline: Span[] }
interface Answer { network: string; compiled: Compiled; profile: Profile | undefined; failed: Error | undefined }

const NPU = '/v1/labs/npu'
const KIB = 1024
const MOST_SPANS = 3000

/** An ONNX network on the modelled NPU. */
export function Network() {
  const { t } = useText()
  const problem = useProblem()
  const [file, setFile] = useState<File>()
  const run = useChange(async (chosen: File): Promise<Answer> => {
    const body = new FormData()
    body.append('file', chosen)
    const { network } = await api<{ network: string }>(`${NPU}/networks`, { method: 'POST', body })
    const compiled = await api<Compiled>(`${NPU}/compile`, { method: 'POST', json: { network } })
    try {
      return { network, compiled, profile: await api<Profile>(`${NPU}/profile`, { method: 'POST', json: { network } }), failed: undefined }
    } catch (cause) {
      return { network, compiled, profile: undefined, failed: cause instanceof Error ? cause : new Error(String(cause)) }
    }
  }, [])
  return (
    <>
      <Panel title={t('labTitle')}>
        <Drop text={t('labFile')} accept=".onnx" file={file} choose={setFile} />
        <div className="tools"><Go text={t('labGo')} busy={run.isPending} type="primary" disabled={!file} onClick={() => file && run.mutate(file)} /></div>
        {run.error && <Alert type="error" role="alert" showIcon title={problem(run.error)} />}
      </Panel>
      {run.isPending ? <Waiting /> : run.data ? <Shown answer={run.data} /> : <Panel><Nothing text={t('labEmpty')} /></Panel>}
    </>
  )
}

function Shown({ answer: { network, compiled, profile, failed } }: { answer: Answer }) {
  const { t, number, compact } = useText()
  const problem = useProblem()
  return (
    <>
      <dl className="figures" style={{ marginBlockStart: 16 }}>
        <div className="figure"><dt>{t('labMacs')}</dt><dd>{compact(compiled.macs)}</dd></div>
        <div className="figure"><dt>{t('labPace')}</dt><dd>{profile ? compact(profile.peak_ips) : '–'}</dd></div>
        <div className="figure"><dt>{t('labOne')}</dt><dd>{number(profile?.one_image_us, 1)}</dd></div>
        <div className="figure"><dt>{t('labUse')}</dt><dd>{profile ? `${number(100 * profile.utilisation, 1)} %` : '–'}</dd></div>
      </dl>
      <Panel title={t('labSegments')}>
        <Rows label={t('labSegments')} rows={compiled.segments} columns={[
          [t('labPlace'), (row) => <State state={row.place === 'chip' ? 'ready' : 'degraded'} text={t(row.place === 'chip' ? 'labChip' : 'labHost')} />],
          [t('labLayers'), (row) => number(row.layers), true],
          [t('labSpan'), (row) => `${row.first} … ${row.last}`],
          [t('labMacs'), (row) => compact(row.macs), true],
          [t('labIn'), (row) => number(row.input_bytes / KIB, 1), true],
          [t('labOut'), (row) => number(row.output_bytes / KIB, 1), true],
        ]} />
        {compiled.refusals.length > 0 && <><h3>{t('labRefused')}</h3><Rows label={t('labRefused')} rows={compiled.refusals} columns={[[t('labLayer'), (row) => row.node], [t('labOperation'), (row) => row.op], [t('logReason'), (row) => row.reason], [t('routeRelax'), (row) => row.way_out]]} /></>}
      </Panel>
      {failed && <Alert type="error" role="alert" showIcon title={problem(failed)} />}
      {profile && <Profiled profile={profile} />}
      {profile && <Files network={network} name={compiled.network} />}
    </>
  )
}

function Profiled({ profile }: { profile: Profile }) {
  const { t, number } = useText()
  const spans = profile.timeline.slice(0, MOST_SPANS)
  const engines = [...new Set(spans.map((one) => one.engine))]
  const layers = [...new Set(spans.map((one) => one.layer))]
  const lanes: Lane[] = engines.map((name) => ({ name, spans: spans.filter((one) => one.engine === name).map((one) => ({ from: one.start, to: one.end, title: `${one.layer}: ${one.start}–${one.end}`, shade: layers.indexOf(one.layer) })) }))
  const steps = profile.memory.steps
  const most = Math.max(...steps.map((one) => one.bytes), 0)
  return (
    <>
      <Panel title={t('labUseBy')}>
        <Rows label={t('labUseBy')} rows={profile.layers} columns={[
          [t('labLayer'), (row) => row.layer],
          [t('labOperation'), (row) => row.operation],
          [t('labEngine'), (row) => row.engine],
          [t('labCycles'), (row) => number(row.cycles), true],
          [t('labUse'), (row) => <Share of={row.utilisation} />],
          [t('labBound'), (row) => row.bound_by],
        ]} />
      </Panel>
      <Panel title={t('labTimeline')}>
        {lanes.length > 0 && <Lanes lanes={lanes} format={(value) => number(value)} label={t('labTimelineSummary', { engines: engines.join(', '), cycles: number(profile.cycles) })} />}
        <p className="quiet">{t('labTimelineHelp')}{profile.timeline.length > MOST_SPANS && ` ${t('rowsFirst', { shown: number(MOST_SPANS), count: number(profile.timeline.length) })}`}</p>
      </Panel>
      <Panel title={t('labSram')}>
        {steps.length === 0 ? <Nothing text={t('none')} /> : <Curve zero series={[{ name: t('labSramUse'), step: true, points: [...steps.map((one): [number, number] => [one.step, one.bytes / KIB]), [(steps.at(-1)?.step ?? 0) + 1, (steps.at(-1)?.bytes ?? 0) / KIB]] }]} across={t('labStep')} formatX={(value) => number(value)} formatY={(value) => number(value)} label={t('labSramSummary', { most: number(most / KIB), capacity: number(profile.memory.capacity / KIB) })} />}
        <p className="quiet">{t('labSramSummary', { most: number(most / KIB), capacity: number(profile.memory.capacity / KIB) })}</p>
      </Panel>
    </>
  )
}

/** What other tools open: the timeline as a Perfetto trace, the layers under their roofs as a plot. */
function Files({ network, name }: { network: string; name: string }) {
  const { t } = useText()
  const problem = useProblem()
  const save = useChange(async (kind: 'trace' | 'roofline') => {
    const found = await api<unknown>(`${NPU}/${kind}`, { method: 'POST', json: { network } })
    const text = kind === 'trace' ? JSON.stringify(found) : (found as { svg: string }).svg
    const link = document.createElement('a')
    link.href = URL.createObjectURL(new Blob([text], { type: kind === 'trace' ? 'application/json' : 'image/svg+xml' }))
    link.download = kind === 'trace' ? `${name}.trace.json` : `${name}.roofline.svg`
    link.click()
    setTimeout(() => URL.revokeObjectURL(link.href), 1000)
  }, [])
  return (
    <Panel title={t('labFiles')}>
      <p className="quiet">{t('labFilesHelp')}</p>
      <div className="tools">
        <Go text={t('labTrace')} busy={save.isPending && save.variables === 'trace'} onClick={() => save.mutate('trace')} />
        <Go text={t('labRoofline')} busy={save.isPending && save.variables === 'roofline'} onClick={() => save.mutate('roofline')} />
      </div>
      {save.error && <Alert type="error" role="alert" showIcon title={problem(save.error)} />}
    </Panel>
  )
}
