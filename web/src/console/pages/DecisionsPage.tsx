import { Button, Select, Table, type TableColumnsType } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'
import { query } from '../../shared/api'
import type { DecisionRow } from '../../shared/types'
import { useGet, useText } from '../context'
import { Loaded, Nothing, Title } from '../states'

const LIMIT = 50
const SURFACES = ['search', 'category', 'home', 'for_you', 'again', 'trending', 'new', 'similar', 'together', 'basket', 'recommend']

export default function DecisionsPage() {
  const { t, time, number } = useText()
  const [surface, setSurface] = useState('')
  const [before, setBefore] = useState('')
  const decisions = useGet<{ decisions: DecisionRow[] }>(`/v1/decisions${query({ surface, limit: LIMIT, before })}`, before ? undefined : 5_000)
  const known = [...new Set([...SURFACES, ...(decisions.data?.decisions ?? []).map((row) => row.surface)])]
  const columns: TableColumnsType<DecisionRow> = [
    { title: t('colDecision'), dataIndex: 'id', render: (id: string) => <Link className="mono" to={`/decisions/${encodeURIComponent(id)}`}>{id}</Link> },
    { title: t('colAt'), dataIndex: 'at', render: time },
    { title: t('colSurface'), dataIndex: 'surface' },
    { title: t('colQuery'), dataIndex: 'query', render: (value: string | null) => <span className="clip">{value ?? '–'}</span> },
    { title: t('colPolicy'), dataIndex: 'policy_id', className: 'mono' },
    { title: t('colSubject'), dataIndex: 'subject', render: (value: string) => <span className="mono clip">{value}</span> },
    { title: t('colItems'), dataIndex: 'items', align: 'end', className: 'number' },
    { title: t('colMs'), dataIndex: 'took_ms', align: 'end', className: 'number', render: (value: number) => number(value, 1) },
  ]
  const last = decisions.data?.decisions.at(-1)
  return (
    <>
      <Title title={t('navDecisions')} help={t('decisionsHelp')} />
      <div className="tools">
        <Select aria-label={t('colSurface')} value={surface} onChange={(value) => { setSurface(value); setBefore('') }} style={{ minInlineSize: 180 }} options={[{ value: '', label: t('all') }, ...known.map((value) => ({ value, label: value }))]} />
        {before && <Button onClick={() => setBefore('')}>{t('newest')}</Button>}
        {last && (decisions.data?.decisions.length ?? 0) >= LIMIT && <Button onClick={() => setBefore(last.id)}>{t('older')}</Button>}
      </div>
      <Loaded query={decisions}>
        {(data) => <Table size="small" rowKey="id" columns={columns} dataSource={data.decisions} pagination={false} scroll={{ x: 'max-content' }} locale={{ emptyText: <Nothing text={t('decisionsEmpty')} /> }} />}
      </Loaded>
    </>
  )
}
