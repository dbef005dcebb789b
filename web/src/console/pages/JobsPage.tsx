import { Alert, App, Button, Drawer, Table, type TableColumnsType } from 'antd'
import { useState } from 'react'
import { api } from '../../shared/api'
import type { Job } from '../../shared/types'
import { JobProgress, JobState, ended, useLiveJob } from '../Progress'
import { useChange, useGet, useProblem, useText } from '../context'
import { Json, Loaded, Nothing, Opener, Title } from '../states'

const JOBS = '/v1/jobs'

function useCancel() {
  const { t } = useText()
  const { modal } = App.useApp()
  const cancel = useChange((job: Job) => api(`${JOBS}/${encodeURIComponent(job.id)}/cancel`, { method: 'POST', json: {} }), [JOBS])
  const ask = (job: Job) => void modal.confirm({ title: t('jobCancelOf', { kind: job.kind }), okText: t('jobCancel'), cancelText: t('close'), onOk: () => cancel.mutateAsync(job).catch(() => undefined) })
  return { ask, error: cancel.error }
}

export default function JobsPage() {
  const { t, time } = useText()
  const problem = useProblem()
  const jobs = useGet<{ jobs: Job[] }>(`${JOBS}?limit=100`, 3_000)
  const [open, setOpen] = useState<string>()
  const cancel = useCancel()
  const columns: TableColumnsType<Job> = [
    { title: t('colJob'), dataIndex: 'kind', render: (kind: string, job) => <><Opener open={() => setOpen(job.id)}>{kind}</Opener><br /><span className="mono quiet">{job.id}</span></> },
    { title: t('colState'), dataIndex: 'state', render: (_, job) => <JobState job={job} /> },
    { title: t('colProgress'), key: 'progress', width: 260, render: (_, job) => <JobProgress job={job} /> },
    { title: t('colStarted'), dataIndex: 'started_at', render: time },
    { title: t('colFinished'), dataIndex: 'finished_at', render: time },
    { title: '', key: 'cancel', align: 'end', render: (_, job) => !ended(job) && <Button size="small" onClick={() => cancel.ask(job)}>{t('jobCancel')}</Button> },
  ]
  const chosen = jobs.data?.jobs.find((job) => job.id === open)
  return (
    <>
      <Title title={t('navJobs')} />
      {cancel.error && <Alert type="error" role="alert" showIcon title={problem(cancel.error)} />}
      <Loaded query={jobs}>
        {(data) => <Table size="small" rowKey="id" columns={columns} dataSource={data.jobs} scroll={{ x: 'max-content' }} pagination={{ pageSize: 20, hideOnSinglePage: true, showSizeChanger: false }} locale={{ emptyText: <Nothing text={t('jobsEmpty')} /> }} />}
      </Loaded>
      <Drawer open={open !== undefined} onClose={() => setOpen(undefined)} size={520} title={chosen?.kind ?? t('colJob')} destroyOnHidden>
        {chosen && <Details job={chosen} />}
      </Drawer>
    </>
  )
}

function Details({ job: listed }: { job: Job }) {
  const { t, time } = useText()
  const job = useLiveJob(listed.id) ?? listed
  return (
    <div aria-live="polite">
      <p><JobState job={job} /></p>
      <JobProgress job={job} />
      <dl className="drawer-facts" style={{ marginBlockStart: 16 }}>
        <dt>{t('colId')}</dt><dd className="mono">{job.id}</dd>
        <dt>{t('colCreated')}</dt><dd>{time(job.created_at)}</dd>
        <dt>{t('colStarted')}</dt><dd>{time(job.started_at)}</dd>
        <dt>{t('colFinished')}</dt><dd>{time(job.finished_at)}</dd>
        <dt>{t('colAttempts')}</dt><dd>{job.attempts}</dd>
      </dl>
      {job.error && <Alert type="error" role="alert" showIcon title={t('jobError')} description={job.error} />}
      {job.result !== null && job.result !== undefined && <><h3>{t('jobResult')}</h3><Json value={job.result} /></>}
    </div>
  )
}
