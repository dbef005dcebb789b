import { PauseOutlined, PlayCircleOutlined } from '@ant-design/icons'
import { Button, Select, Table, Tag, type TableColumnsType } from 'antd'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { api, query } from '../../shared/api'
import type { LogEvent } from '../../shared/types'
import { useText } from '../context'
import { Failure, Json, Nothing, Title, Waiting } from '../states'

const KEPT = 300
const POLL = 1_500
const NAMES = ['search', 'view_item_list', 'select_item', 'view_item', 'add_to_cart', 'remove_from_cart', 'begin_checkout', 'purchase', 'refund', 'view_promotion', 'select_promotion']

interface Tail { events: LogEvent[]; head: number }

/** Follows the log: first its last events, then whatever is appended. */
function useTail(name: string, paused: boolean) {
  const [tail, setTail] = useState<Tail>({ events: [], head: -1 })
  const at = useRef(-1)
  useEffect(() => {
    at.current = -1
    setTail({ events: [], head: -1 })
  }, [name])
  const poll = useQuery({
    queryKey: ['tail', name],
    queryFn: async ({ signal }) => {
      const before = at.current
      const path = (after: number) => `/v1/events${query({ after, limit: 200, name })}`
      let found = await api<Tail>(path(Math.max(0, before)), { signal })
      if (before < 0 && found.head > 200) found = await api<Tail>(path(found.head - 200), { signal })
      const last = found.events.at(-1)?.seq
      at.current = found.events.length >= 200 && last !== undefined ? last : Math.max(found.head, last ?? 0)
      setTail((now) => {
        const known = new Set(now.events.map((event) => event.seq))
        const fresh = found.events.filter((event) => !known.has(event.seq)).reverse()
        return { head: found.head, events: [...fresh, ...now.events].slice(0, KEPT) }
      })
      return found.head
    },
    refetchInterval: paused ? false : POLL,
    enabled: !paused,
    gcTime: 0,
  })
  return { tail, poll }
}

export default function EventsPage() {
  const { t, time, number } = useText()
  const [name, setName] = useState('')
  const [paused, setPaused] = useState(false)
  const { tail, poll } = useTail(name, paused)
  const columns: TableColumnsType<LogEvent> = [
    { title: t('colSeq'), dataIndex: 'seq', align: 'end', className: 'number', width: 100 },
    { title: t('colName'), dataIndex: 'name', render: (value: string) => <Tag variant="outlined">{value}</Tag> },
    { title: t('colAt'), dataIndex: 'at', render: time },
    { title: t('colSubject'), dataIndex: 'subject', render: (value: string) => <span className="mono clip">{value}</span> },
    { title: t('colPayload'), dataIndex: 'payload', render: (value: unknown) => <span className="mono clip">{JSON.stringify(value)}</span> },
  ]
  return (
    <>
      <Title
        title={t('navEvents')}
        help={tail.head >= 0 ? `${t(paused ? 'eventsPaused' : 'eventsTail')} · ${t('eventsHead', { seq: number(tail.head) })}` : undefined}
        actions={<Button icon={paused ? <PlayCircleOutlined /> : <PauseOutlined />} onClick={() => setPaused(!paused)}>{t(paused ? 'resume' : 'pause')}</Button>}
      />
      <div className="tools">
        <Select aria-label={t('eventsName')} value={name} onChange={setName} style={{ minInlineSize: 200 }} options={[{ value: '', label: t('all') }, ...NAMES.map((value) => ({ value, label: value }))]} />
      </div>
      {poll.error && <Failure error={poll.error} retry={() => void poll.refetch()} />}
      {poll.isPending ? <Waiting /> : (
        <Table
          size="small" rowKey="seq" columns={columns} dataSource={tail.events} scroll={{ x: 'max-content' }} pagination={{ pageSize: 25, showSizeChanger: false, hideOnSinglePage: true }}
          locale={{ emptyText: <Nothing text={t('eventsEmpty')} /> }} expandable={{ expandedRowRender: (event) => <><p className="mono">{t('colMessageId')}: {event.message_id}</p><Json value={event.payload} /></> }}
        />
      )}
    </>
  )
}
