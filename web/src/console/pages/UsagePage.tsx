import { Segmented, Table } from 'antd'
import { Suspense, lazy, useMemo, useState } from 'react'
import { query } from '../../shared/api'
import type { UsageRow } from '../../shared/types'
import { useGet, useText } from '../context'
import { Loaded, Nothing, Panel, Title, Waiting } from '../states'

const Chart = lazy(() => import('../Chart'))

export default function UsagePage() {
  const { t, number } = useText()
  const [by, setBy] = useState('day')
  const since = useMemo(() => new Date(Date.now() - 30 * 86_400_000).toISOString().replace(/\.\d+Z$/, 'Z'), [])
  const usage = useGet<{ rows: UsageRow[] }>(`/v1/usage${query({ by, since })}`)
  const options = [{ value: 'day', label: t('usageDay') }, { value: 'model', label: t('usageModel') }, { value: 'key', label: t('usageKey') }]
  return (
    <>
      <Title title={t('navUsage')} actions={<Segmented aria-label={t('usageBy')} value={by} onChange={setBy} options={options} />} />
      <Loaded query={usage}>
        {({ rows }) => (
          <>
            {tokens(rows).length > 0 && <Panel title={`${t('usageTokens')}, ${t('range30')}`}><Quantities rows={tokens(rows)} /></Panel>}
            <Panel>
              <Table
                size="small" rowKey={(row) => `${row.key} ${row.meter}`} dataSource={rows} scroll={{ x: 'max-content' }} pagination={{ pageSize: 20, hideOnSinglePage: true, showSizeChanger: false }} locale={{ emptyText: <Nothing text={t('usageEmpty')} /> }}
                columns={[
                  { title: options.find((option) => option.value === by)?.label, dataIndex: 'key' },
                  { title: t('colMeter'), dataIndex: 'meter', className: 'mono' },
                  { title: t('colQuantity'), dataIndex: 'quantity', align: 'end', className: 'number', render: (value: number) => number(value) },
                ]}
              />
            </Panel>
          </>
        )}
      </Loaded>
    </>
  )
}

/** Only what is counted in tokens shares one axis of the chart; the table has everything. */
const tokens = (rows: UsageRow[]) => rows.filter((row) => row.meter.endsWith('_tokens'))

function Quantities({ rows }: { rows: UsageRow[] }) {
  const { t, compact } = useText()
  const labels = useMemo(() => [...new Set(rows.map((row) => row.key))].sort(), [rows])
  const lines = useMemo(
    () => [...new Set(rows.map((row) => row.meter))].map((meter) => ({ name: meter, kind: 'bar' as const, values: labels.map((key) => rows.find((row) => row.key === key && row.meter === meter)?.quantity ?? 0) })),
    [rows, labels],
  )
  return <Suspense fallback={<Waiting />}><Chart labels={labels} lines={lines} label={t('navUsage')} format={compact} /></Suspense>
}
