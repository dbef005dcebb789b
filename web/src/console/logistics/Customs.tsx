import { Alert, Button, Input, Select } from 'antd'
import { useState } from 'react'
import { api, request } from '../../shared/api'
import { useChange, useGet, useProblem, useText } from '../context'
import { Rows } from '../Rows'
import { Go, Loaded, Nothing, Opener, Panel } from '../states'
import { Paste } from './Paste'
import { NOMENCLATURE, SHIPMENT } from './examples'

interface Version { version: string; source: string; loaded_by?: string; loaded_at: string }
interface Step { code: string; text: string }
interface Candidate { code: string; confidence: number; path: Step[]; words: { word: string; from: string }[]; precedents: { id: string; text: string; by: string; likeness: number }[] }
interface Suggestion { text: string; version: string; answer: string | null; why: string; is_calibrated: boolean; candidates: Candidate[] }
interface Question { product: string; text: string; suggested: string; confidence: number; why: string; created_at: string }

const VERSIONS = '/v1/hs/nomenclatures'
const QUEUE = '/v1/hs/queue'
const KINDS = ['invoice', 'packing-list', 'cn22', 'cn23'] as const

/** What crosses a border: codes with a person in the loop, and papers. */
export function Customs() {
  const { t } = useText()
  const versions = useGet<{ data: Version[] }>(VERSIONS)
  return (
    <>
      <Loaded query={versions}>
        {({ data }) => (
          <>
            <Nomenclatures versions={data} />
            {data.length > 0 ? <><Classify /><Waiting /></> : <Panel><Nothing text={t('hsNone')} /></Panel>}
          </>
        )}
      </Loaded>
      <Papers />
    </>
  )
}

function Nomenclatures({ versions }: { versions: Version[] }) {
  const { t, time } = useText()
  const problem = useProblem()
  const [file, setFile] = useState<File>()
  const [version, setVersion] = useState('')
  const [source, setSource] = useState('')
  const fill = () => { setFile(new File([NOMENCLATURE], 'example.csv', { type: 'text/csv' })); setVersion('example'); setSource('made up') }
  const load = useChange(async (chosen: File) => api(VERSIONS, { method: 'POST', json: { table: await chosen.text(), version, source } }), [VERSIONS])
  return (
    <Panel title={t('hsVersions')} extra={versions.length === 0 && <Button size="small" onClick={fill}>{t('logExample')}</Button>}>
      <p className="quiet">{t('hsVersionsHelp')}</p>
      <div className="tools">
        <label className="file-button">{file?.name ?? t('hsFile')}<input type="file" accept=".csv,text/csv" onChange={(event) => setFile(event.target.files?.[0])} /></label>
        <Input style={{ maxInlineSize: 160 }} aria-label={t('hsVersion')} placeholder={t('hsVersion')} value={version} onChange={(event) => setVersion(event.target.value)} />
        <Input style={{ maxInlineSize: 260 }} aria-label={t('hsSource')} placeholder={t('hsSource')} value={source} onChange={(event) => setSource(event.target.value)} />
        <Go text={t('hsLoad')} busy={load.isPending} disabled={!file || !version.trim() || !source.trim()} onClick={() => file && load.mutate(file)} />
      </div>
      {load.error && <Alert type="error" role="alert" showIcon title={problem(load.error)} />}
      {versions.length > 0 && <Rows label={t('hsVersions')} rows={versions} columns={[[t('hsVersion'), (row) => row.version], [t('hsSource'), (row) => row.source], [t('hsLoaded'), (row) => time(row.loaded_at)]]} />}
    </Panel>
  )
}

function Classify() {
  const { t } = useText()
  const problem = useProblem()
  const [text, setText] = useState('')
  const [id, setId] = useState('')
  const ask = useChange(async () => (await api<{ data: Suggestion[] }>('/v1/hs:classify', { method: 'POST', json: { products: [{ text, id }] } })).data[0], [QUEUE])
  return (
    <Panel title={t('hsClassify')}>
      <Input.TextArea rows={2} aria-label={t('hsText')} placeholder={t('hsText')} value={text} onChange={(event) => setText(event.target.value)} />
      <div className="tools" style={{ marginBlockStart: 8 }}>
        <Input style={{ maxInlineSize: 220 }} aria-label={t('hsProduct')} placeholder={t('hsProduct')} value={id} onChange={(event) => setId(event.target.value)} />
        <Go text={t('hsGo')} busy={ask.isPending} type="primary" disabled={!text.trim()} onClick={() => ask.mutate(undefined)} />
      </div>
      {ask.error && <Alert type="error" role="alert" showIcon title={problem(ask.error)} />}
      {ask.data && <Suggested found={ask.data} />}
    </Panel>
  )
}

function Suggested({ found }: { found: Suggestion }) {
  const { t, number } = useText()
  return (
    <>
      <Alert type={found.answer ? 'success' : 'warning'} showIcon title={found.answer ? t('hsAnswer', { code: found.answer }) : t('hsPerson')} description={found.why} />
      <Rows label={t('hsCandidates')} rows={found.candidates} columns={[
        [t('hsCode'), (row) => <span className="mono" dir="ltr">{row.code}</span>],
        [t('hsChance'), (row) => `${number(100 * row.confidence, 1)} %`, true],
        [t('hsMeaning'), (row) => row.path.map((step) => step.text).join(' › ')],
        [t('hsWords'), (row) => row.words.map((one) => one.word).join(', ') || '–'],
        [t('hsBefore'), (row) => row.precedents.map((one) => `${one.text} (${one.by})`).join('; ') || '–'],
      ]} />
    </>
  )
}

function Waiting() {
  const { t, number, time } = useText()
  const query = useGet<{ data: Question[] }>(`${QUEUE}?limit=100`)
  const [open, setOpen] = useState<Question>()
  return (
    <Panel title={t('hsQueue')}>
      <p className="quiet">{t('hsQueueHelp')}</p>
      <Loaded query={query}>
        {({ data }) => data.length === 0 ? <Nothing text={t('hsQueueNone')} /> : <Rows label={t('hsQueue')} rows={data} columns={[
          [t('hsProduct'), (row) => <Opener open={() => setOpen(row)}>{row.product}</Opener>],
          [t('hsText'), (row) => row.text],
          [t('hsSuggested'), (row) => <span className="mono" dir="ltr">{row.suggested}</span>],
          [t('hsChance'), (row) => `${number(100 * row.confidence, 1)} %`, true],
          [t('logReason'), (row) => row.why],
          [t('hsAsked'), (row) => time(row.created_at)],
        ]} />}
      </Loaded>
      {open && <Decide key={open.product} asked={open} done={() => setOpen(undefined)} />}
    </Panel>
  )
}

function Decide({ asked, done }: { asked: Question; done: () => void }) {
  const { t } = useText()
  const problem = useProblem()
  const [code, setCode] = useState(asked.suggested)
  const [why, setWhy] = useState('')
  const keep = useChange(() => api('/v1/hs/decisions', { method: 'POST', json: { product: asked.product, code, why } }), [QUEUE])
  return (
    <div role="group" aria-label={t('hsDecide', { product: asked.product })} style={{ marginBlockStart: 12 }}>
      <h3>{t('hsDecide', { product: asked.product })}</h3>
      <div className="tools">
        <Input style={{ maxInlineSize: 160 }} className="mono" dir="ltr" aria-label={t('hsCode')} value={code} onChange={(event) => setCode(event.target.value)} />
        <Input style={{ maxInlineSize: 360 }} aria-label={t('hsWhy')} placeholder={t('hsWhy')} value={why} onChange={(event) => setWhy(event.target.value)} />
        <Go text={t('hsKeep')} busy={keep.isPending} type="primary" disabled={!code.trim() || !why.trim()} onClick={() => keep.mutate(undefined, { onSuccess: done })} />
        <Button onClick={done}>{t('cancel')}</Button>
      </div>
      {keep.error && <Alert type="error" role="alert" showIcon title={problem(keep.error)} />}
    </div>
  )
}

function Papers() {
  const { t } = useText()
  const problem = useProblem()
  const [text, setText] = useState('')
  const [kind, setKind] = useState<(typeof KINDS)[number]>('invoice')
  const make = useChange(async () => {
    let shipment: unknown
    try {
      shipment = JSON.parse(text)
    } catch (cause) {
      throw new Error(t('logNotJson', { message: cause instanceof Error ? cause.message : String(cause) }), { cause })
    }
    const reply = await request('/v1/customs/documents', { method: 'POST', json: { shipment, kind } })
    const link = document.createElement('a')
    link.href = URL.createObjectURL(await reply.blob())
    link.download = `${kind}.pdf`
    link.click()
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
  }, [])
  return (
    <Panel title={t('paperTitle')} extra={<Button size="small" onClick={() => setText(JSON.stringify(SHIPMENT, null, 1))}>{t('logExample')}</Button>}>
      <p className="quiet">{t('paperHelp')}</p>
      <Paste label={t('paperShipment')} hint={t('logPaste')} value={text} accept=".json,application/json" change={setText}>
        <Select value={kind} aria-label={t('paperKind')} style={{ minInlineSize: 180 }} onChange={setKind} options={KINDS.map((value) => ({ value, label: t(({ invoice: 'paperInvoice', 'packing-list': 'paperPacking', cn22: 'paperCn22', cn23: 'paperCn23' } as const)[value]) }))} />
        <Go text={t('paperGo')} busy={make.isPending} type="primary" disabled={!text.trim()} onClick={() => make.mutate(undefined)} />
      </Paste>
      {make.error && <Alert type="error" role="alert" showIcon title={problem(make.error)} />}
    </Panel>
  )
}
