import { Progress as AntProgress } from 'antd'
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { request } from '../shared/api'
import { events } from '../shared/sse'
import type { Job } from '../shared/types'
import { useText } from './context'
import type { Key } from './messages'
import { State } from './states'

const NAMES: Record<Job['state'], Key> = { queued: 'jobQueued', running: 'jobRunning', done: 'jobDone', failed: 'jobFailed', cancelled: 'jobCancelled' }

export const ended = (job: Job) => job.state === 'done' || job.state === 'failed' || job.state === 'cancelled'

export function JobState({ job }: { job: Job }) {
  const { t } = useText()
  return <State state={job.state} text={t(NAMES[job.state])} />
}

export function JobProgress({ job }: { job: Job }) {
  const { t, number } = useText()
  const percent = job.total ? Math.min(100, Math.round((100 * job.done) / job.total)) : job.state === 'done' ? 100 : 0
  const status = job.state === 'failed' ? 'exception' : job.state === 'done' ? 'success' : job.state === 'running' ? 'active' : 'normal'
  return (
    <div>
      <AntProgress percent={percent} size="small" status={status} aria-label={`${t('colProgress')}: ${job.kind}`} />
      <span className="quiet number">{number(job.done)}{job.total ? ` / ${number(job.total)}` : ''} {job.message}</span>
    </div>
  )
}

/** A job as it moves: the server tells each step until the job has ended. */
export function useLiveJob(id: string | undefined): Job | undefined {
  const [job, setJob] = useState<Job>()
  const client = useQueryClient()
  useEffect(() => {
    if (!id) return
    const control = new AbortController()
    const follow = async () => {
      const reply = await request(`/v1/jobs/${encodeURIComponent(id)}/events`, { signal: control.signal })
      for await (const next of events<Job>(reply)) setJob(next)
      await client.invalidateQueries({ predicate: (query) => String(query.queryKey[0]).startsWith('/v1/') })
    }
    // A broken stream leaves the last known step; the list of jobs goes on polling.
    follow().catch(() => undefined)
    return () => control.abort()
  }, [id, client])
  return job?.id === id ? job : undefined
}
