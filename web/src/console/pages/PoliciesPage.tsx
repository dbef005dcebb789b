import { App, Button, Table, Tag, type TableColumnsType } from 'antd'
import { useState } from 'react'
import { Alert } from 'antd'
import { api } from '../../shared/api'
import type { Policy } from '../../shared/types'
import { JobProgress, JobState, useLiveJob } from '../Progress'
import { useChange, useGet, useProblem, useText } from '../context'
import type { Key } from '../messages'
import { Go, Loaded, Nothing, Panel, State, Title } from '../states'

const FEW = 2
const STAGES: Record<Policy['stage'], Key> = { candidate: 'stageCandidate', production: 'stageProduction', retired: 'stageRetired' }

export default function PoliciesPage() {
  const { t, time } = useText()
  const { message } = App.useApp()
  const problem = useProblem()
  const policies = useGet<{ policies: Policy[] }>('/v1/policies', 15_000)
  const [jobId, setJobId] = useState<string>()
  const job = useLiveJob(jobId)
  const train = useChange(async () => setJobId((await api<{ job_id: string }>('/v1/policies/train', { method: 'POST', json: {} })).job_id), ['/v1/jobs'])
  const promote = useChange(async (policy: Policy) => {
    await api(`/v1/policies/${encodeURIComponent(policy.id)}/promote`, { method: 'POST', json: {} })
    void message.success(t('promoted', { id: policy.id }))
  }, ['/v1/policies'])
  const columns: TableColumnsType<Policy> = [
    { title: t('colPolicy'), dataIndex: 'id', render: (id: string, row) => <><strong className="mono">{id}</strong><br /><span className="quiet">{row.kind}</span></> },
    { title: t('colSurface'), dataIndex: 'surface' },
    { title: t('colStage'), dataIndex: 'stage', render: (stage: Policy['stage']) => <State state={stage} text={t(STAGES[stage])} /> },
    { title: t('colMetrics'), dataIndex: 'metrics', render: (metrics: Policy['metrics']) => <Metrics metrics={metrics} most={FEW} /> },
    { title: t('colTrained'), dataIndex: 'created_at', render: time },
    { title: '', key: 'promote', align: 'end', render: (_, row) => row.stage !== 'production' && <Promote policy={row} promote={() => promote.mutateAsync(row)} /> },
  ]
  return (
    <>
      <Title title={t('navPolicies')} help={t('policiesHelp')} actions={<Train run={() => train.mutateAsync(undefined)} busy={train.isPending || job?.state === 'running'} />} />
      {(train.error ?? promote.error) && <Alert type="error" role="alert" showIcon title={problem(train.error ?? promote.error)} />}
      {job && <Panel><div aria-live="polite"><JobState job={job} /> {job.kind}<JobProgress job={job} />{job.error && <Alert type="error" title={job.error} />}</div></Panel>}
      <Loaded query={policies}>
        {(data) => (
          <Table
            size="small" rowKey="id" columns={columns} dataSource={data.policies} scroll={{ x: 'max-content' }} pagination={false} locale={{ emptyText: <Nothing text={t('policiesEmpty')} /> }}
            expandable={{ expandedRowRender: (row) => <Details policy={row} /> }}
          />
        )}
      </Loaded>
    </>
  )
}

function Metrics({ metrics, most = Infinity }: { metrics: Policy['metrics']; most?: number }) {
  const { number } = useText()
  const all = Object.entries(metrics)
  return (
    <>
      {all.slice(0, most).map(([name, value]) => <Tag key={name} variant="outlined">{name} {number(value, 4)}</Tag>)}
      {all.length > most && <span className="quiet">+{all.length - most}</span>}
    </>
  )
}

function Train({ run, busy }: { run: () => Promise<unknown>; busy: boolean }) {
  const { t } = useText()
  const { modal } = App.useApp()
  // A refusal is shown on the page; the dialog only has to close.
  const ask = () => void modal.confirm({ title: t('train'), content: t('trainText'), okText: t('train'), cancelText: t('cancel'), onOk: () => run().catch(() => undefined) })
  return <Go text={t('train')} busy={busy} type="primary" onClick={ask} />
}

function Promote({ policy, promote }: { policy: Policy; promote: () => Promise<unknown> }) {
  const { t } = useText()
  const { modal } = App.useApp()
  const ask = () => void modal.confirm({ title: t('promoteOf', { id: policy.id }), content: t('promoteText', { surface: policy.surface }), okText: t('promote'), cancelText: t('cancel'), onOk: () => promote().catch(() => undefined) })
  return <Button size="small" onClick={ask}>{t('promote')}</Button>
}

function Details({ policy }: { policy: Policy }) {
  const { t, number, date } = useText()
  const { training } = policy
  return (
    <dl className="drawer-facts">
      {policy.note && <><dt>{t('colNote')}</dt><dd>{policy.note}</dd></>}
      <dt>{t('colMetrics')}</dt><dd>{Object.keys(policy.metrics).length ? <Metrics metrics={policy.metrics} /> : t('none')}</dd>
      <dt>{t('colFeatures')}</dt><dd>{policy.features.map((name) => <Tag key={name} variant="outlined">{name}</Tag>)}{!policy.features.length && t('none')}</dd>
      <dt>{t('colTraining')}</dt><dd>{training?.rows ? t('trainingRows', { rows: number(training.rows), from: date(training.from), until: date(training.until), seed: training.seed ?? '–' }) : t('none')}</dd>
    </dl>
  )
}
