import { Segmented, Table } from 'antd'
import { Suspense, lazy, useMemo, useState } from 'react'
import type { Overview } from '../../shared/types'
import { useGet, useText } from '../context'
import type { Key } from '../messages'
import { Loaded, Nothing, Panel, State, Title, Waiting } from '../states'

const Chart = lazy(() => import('../Chart'))
const POLL = 5_000
const HEALTH: Record<string, Key> = { ok: 'stateOk', degraded: 'stateDegraded', down: 'stateDown' }

export default function OverviewPage() {
  const { t } = useText()
  const [range, setRange] = useState('24h')
  const overview = useGet<Overview>(range === '30d' ? '/v1/overview?range=30d' : '/v1/overview', POLL)
  const choose = <Segmented aria-label={t('range')} value={range} onChange={setRange} options={[{ value: '24h', label: t('range24') }, { value: '30d', label: t('range30') }]} />
  return (
    <>
      <Title title={t('navOverview')} help={overview.data?.demo_note ?? undefined} />
      <Loaded query={overview}>
        {(data) => (
          <>
            <Figures data={data} />
            <div className="grid wide-first">
              <Panel title={t('activity')} extra={choose}><Activity data={data} range={range} /></Panel>
              <Health data={data} />
            </div>
            <Panel title={t('topQueries')}>
              <Table
                size="small" rowKey="query" pagination={false} dataSource={data.top_queries} locale={{ emptyText: <Nothing text={t('noQueries')} /> }}
                columns={[{ title: t('query'), dataIndex: 'query' }, { title: t('count'), dataIndex: 'count', align: 'end', className: 'number' }]}
              />
            </Panel>
          </>
        )}
      </Loaded>
    </>
  )
}

function Figures({ data }: { data: Overview }) {
  const { t, number, money } = useText()
  const { shop, today } = data
  const figures: [Key, string][] = [
    ['figRevenue', money(today.revenue)], ['figOrdersToday', number(today.orders)], ['figEventsToday', number(today.events)], ['figSearches', number(today.searches)],
    ['figChats', number(today.chat_requests)], ['figProducts', number(shop.products)], ['figInStock', number(shop.in_stock)], ['figShoppers', number(shop.shoppers)],
    ['figEvents', number(shop.events)], ['figOrders', number(shop.orders)],
  ]
  return (
    <dl className="figures">
      {figures.map(([key, value]) => <div className="figure" key={key}><dt>{t(key)}</dt><dd>{value}</dd></div>)}
    </dl>
  )
}

function Activity({ data, range }: { data: Overview; range: string }) {
  const { t, number, compact, locale, time } = useText()
  const labels = useMemo(() => {
    const format = new Intl.DateTimeFormat(locale, range === '30d' ? { month: 'short', day: 'numeric' } : { hour: '2-digit', minute: '2-digit' })
    return data.series.map((point) => format.format(new Date(point.at)))
  }, [data.series, locale, range])
  const lines = useMemo(
    () => [
      { name: t('figEvents'), values: data.series.map((point) => point.events), kind: 'line' as const },
      { name: t('figOrders'), values: data.series.map((point) => point.orders), kind: 'bar' as const, axis: 1 as const },
    ],
    [data.series, t],
  )
  const sum = (name: 'events' | 'orders') => number(data.series.reduce((total, point) => total + point[name], 0))
  const words = t('activitySummary', { events: sum('events'), orders: sum('orders') })
  return (
    <>
      <Suspense fallback={<Waiting />}><Chart labels={labels} lines={lines} label={words} format={compact} /></Suspense>
      <p className="quiet">{words} · {t('liveAt', { time: time(data.now) })}</p>
    </>
  )
}

function Health({ data }: { data: Overview }) {
  const { t } = useText()
  return (
    <Panel title={t('health')}>
      <ul className="list">
        {data.health.map((check) => (
          <li key={check.name}>
            <span>{check.name}<br /><span className="quiet">{check.detail}</span></span>
            <State state={check.state} text={HEALTH[check.state] ? t(HEALTH[check.state] as Key) : check.state} />
          </li>
        ))}
      </ul>
    </Panel>
  )
}
