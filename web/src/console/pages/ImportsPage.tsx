import { InboxOutlined } from '@ant-design/icons'
import { Alert, App, Drawer, Switch, Table, type TableColumnsType } from 'antd'
import { useState } from 'react'
import { api } from '../../shared/api'
import type { ImportReport } from '../../shared/types'
import { JobProgress, JobState, useLiveJob } from '../Progress'
import { useChange, useGet, useProblem, useText } from '../context'
import { Go, Json, Loaded, Nothing, Opener, Panel, State, Title } from '../states'

const IMPORTS = '/v1/catalog/imports'

export default function ImportsPage() {
  const { t, number, time } = useText()
  const imports = useGet<{ imports: ImportReport[] }>(IMPORTS, 10_000)
  const [open, setOpen] = useState<string>()
  const count = (title: string, name: keyof ImportReport) => ({ title, dataIndex: name, align: 'end' as const, className: 'number', render: (value: number) => number(value) })
  const columns: TableColumnsType<ImportReport> = [
    { title: t('colFile'), dataIndex: 'file', render: (file: string, row) => <Opener open={() => setOpen(row.id)}><span className="clip">{file}</span></Opener> },
    { title: t('colKind'), dataIndex: 'kind' },
    { title: t('colState'), dataIndex: 'state', render: (state: string) => <State state={state} /> },
    count(t('colRows'), 'rows'), count(t('colAdded'), 'added'), count(t('colUpdatedRows'), 'updated'), count(t('colUnchanged'), 'unchanged'), count(t('colRetired'), 'retired'), count(t('colRejected'), 'rejected'),
    { title: t('colStarted'), dataIndex: 'started_at', render: time },
  ]
  return (
    <>
      <Title title={t('navImports')} />
      <Upload />
      <Panel title={t('imports')}>
        <Loaded query={imports}>
          {(data) => <Table size="small" rowKey="id" columns={columns} dataSource={data.imports} scroll={{ x: 'max-content' }} pagination={{ pageSize: 20, hideOnSinglePage: true }} locale={{ emptyText: <Nothing text={t('importsEmpty')} /> }} />}
        </Loaded>
      </Panel>
      <Drawer open={open !== undefined} onClose={() => setOpen(undefined)} size={640} title={t('importReport')} destroyOnHidden>
        {open && <Report id={open} />}
      </Drawer>
    </>
  )
}

function Upload() {
  const { t, number } = useText()
  const { message } = App.useApp()
  const problem = useProblem()
  const [file, setFile] = useState<File>()
  const [dry, setDry] = useState(true)
  const [jobId, setJobId] = useState<string>()
  const job = useLiveJob(jobId)
  const start = useChange(async (chosen: File) => {
    const body = new FormData()
    body.append('file', chosen)
    body.append('dry_run', String(dry))
    const { job_id } = await api<{ job_id: string }>(IMPORTS, { method: 'POST', body })
    setJobId(job_id)
    void message.success(t('importStarted', { id: job_id }))
  }, [IMPORTS, '/v1/jobs'])
  return (
    <Panel title={t('importTitle')}>
      <p className="quiet">{t('importHelp')}</p>
      <label className="drop" onDragOver={(event) => event.preventDefault()} onDrop={(event) => { event.preventDefault(); setFile(event.dataTransfer.files[0]) }}>
        <InboxOutlined style={{ fontSize: 28 }} />
        <strong>{t('importFile')}</strong>
        <span className="quiet">{file ? `${file.name} (${number(file.size / 1024, 1)} KiB)` : t('importFileNone')}</span>
        <input type="file" accept=".csv,.tsv,.jsonl,.ndjson,.parquet,.gz,.zip" onChange={(event) => setFile(event.target.files?.[0])} />
      </label>
      <div className="tools">
        <label><Switch checked={dry} onChange={setDry} aria-label={t('importDry')} /> {t('importDry')}</label>
        <Go text={t(dry ? 'importCheck' : 'importGo')} busy={start.isPending} type="primary" disabled={!file} onClick={() => file && start.mutate(file)} />
      </div>
      {start.error && <Alert type="error" role="alert" showIcon title={problem(start.error)} />}
      {job && <div aria-live="polite"><JobState job={job} /><JobProgress job={job} />{job.error && <Alert type="error" role="alert" title={job.error} />}{job.state === 'done' && <Outcome result={job.result} />}</div>}
    </Panel>
  )
}

/** What a finished import says of itself, or all it returned where it says nothing. */
function Outcome({ result }: { result: unknown }) {
  const message = typeof result === 'object' && result !== null && 'message' in result ? String(result.message) : ''
  return message ? <Alert type="success" showIcon title={message} style={{ marginBlockStart: 8 }} /> : <Json value={result} />
}

function Report({ id }: { id: string }) {
  const { t, number, time } = useText()
  const report = useGet<ImportReport>(`${IMPORTS}/${encodeURIComponent(id)}`)
  return (
    <Loaded query={report}>
      {(data) => (
        <>
          {data.message && <Alert type={data.state === 'failed' ? 'error' : 'info'} showIcon title={data.message} style={{ marginBlockEnd: 16 }} />}
          <dl className="drawer-facts">
            <dt>{t('colFile')}</dt><dd>{data.file}</dd>
            <dt>{t('colState')}</dt><dd><State state={data.state} /></dd>
            <dt>{t('colRows')}</dt><dd>{number(data.rows)}</dd>
            <dt>{t('colAdded')}</dt><dd>{number(data.added)}</dd>
            <dt>{t('colUpdatedRows')}</dt><dd>{number(data.updated)}</dd>
            <dt>{t('colUnchanged')}</dt><dd>{number(data.unchanged)}</dd>
            <dt>{t('colRetired')}</dt><dd>{number(data.retired)}</dd>
            <dt>{t('colStarted')}</dt><dd>{time(data.started_at)}</dd>
            <dt>{t('colFinished')}</dt><dd>{time(data.finished_at)}</dd>
          </dl>
          <h3>{t('rowErrors')} ({number(data.rejected)})</h3>
          <Table
            size="small" rowKey={(row) => `${row.line} ${row.column ?? ''} ${row.message}`} dataSource={data.errors ?? []} pagination={{ pageSize: 50, hideOnSinglePage: true }} scroll={{ x: 'max-content' }}
            locale={{ emptyText: <Nothing text={t('rowErrorsNone')} /> }}
            columns={[
              { title: t('colLine'), dataIndex: 'line', align: 'end', className: 'number' },
              { title: t('colColumn'), dataIndex: 'column' },
              { title: t('colMessage'), dataIndex: 'message' },
              { title: t('colValue'), dataIndex: 'value', render: (value: string | null) => <span className="mono clip">{value ?? '–'}</span> },
            ]}
          />
        </>
      )}
    </Loaded>
  )
}
