import { Button, Table, Tooltip, type TableColumnsType } from 'antd'
import { useNavigate } from 'react-router'
import type { StudioModel } from '../../shared/types'
import { useGet, useText } from '../context'
import type { Key } from '../messages'
import { Loaded, Nothing, State, Title } from '../states'

const STATES: Record<StudioModel['state'], Key> = { ready: 'modelReady', loading: 'modelLoading', missing: 'modelMissing', failed: 'modelFailed' }

export default function ModelsPage() {
  const { t, number, compact } = useText()
  const navigate = useNavigate()
  const models = useGet<{ models: StudioModel[] }>('/v1/studio/models', 5_000)
  const columns: TableColumnsType<StudioModel> = [
    { title: t('colModel'), dataIndex: 'id', render: (id: string, row) => <><strong>{id}</strong><br /><span className="quiet">{row.state === 'ready' ? row.family : row.detail || row.family}</span></> },
    { title: t('colState'), dataIndex: 'state', render: (state: StudioModel['state']) => <State state={state} text={STATES[state] ? t(STATES[state]) : state} /> },
    { title: t('colParameters'), dataIndex: 'parameters', align: 'end', render: (value: number | string | null) => (typeof value === 'number' ? compact(value) : (value ?? '–')) },
    { title: t('colQuantisation'), dataIndex: 'quantisation' },
    { title: t('colContext'), dataIndex: 'context', align: 'end', render: (value: number | null) => number(value) },
    { title: t('colMemory'), dataIndex: 'memory_bytes', align: 'end', render: (value: number | null) => (value ? `${number(value / 2 ** 20)} MiB` : '–') },
    { title: t('colLicence'), dataIndex: 'licence' },
    { title: t('colSource'), dataIndex: 'source', render: (value: string | null) => <span className="clip">{value || '–'}</span> },
    { title: t('colSha'), dataIndex: 'sha256', render: (value: string | null) => (value ? <Tooltip title={value}><span className="mono" tabIndex={0}>{value.slice(0, 12)}…</span></Tooltip> : '–') },
    { title: '', key: 'try', align: 'end', render: (_, row) => row.state === 'ready' && <Button size="small" onClick={() => navigate(`/playground?model=${encodeURIComponent(row.id)}`)}>{t('tryIt')}</Button> },
  ]
  return (
    <>
      <Title title={t('navModels')} />
      <Loaded query={models}>
        {(data) => <Table size="small" rowKey="id" columns={columns} dataSource={data.models} pagination={false} scroll={{ x: 'max-content' }} locale={{ emptyText: <Nothing text={t('modelsEmpty')} /> }} />}
      </Loaded>
    </>
  )
}
