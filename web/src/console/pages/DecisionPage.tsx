import { Button, Table, Tag, Tooltip, type TableColumnsType } from 'antd'
import { useState } from 'react'
import { useParams } from 'react-router'
import type { Decision, DecisionItem } from '../../shared/types'
import { Bars } from '../Bars'
import { useGet, useText } from '../context'
import type { Key } from '../messages'
import { Json, Loaded, Nothing, Panel, State, Title } from '../states'

const SLOTS: Record<string, Key> = { ranked: 'slotRanked', exploration: 'slotExploration', sponsored: 'slotSponsored' }

export default function DecisionPage() {
  const { t, time } = useText()
  const id = useParams().id ?? ''
  const decision = useGet<Decision>(`/v1/decisions/${encodeURIComponent(id)}`)
  return (
    <>
      <Title title={decision.data?.query ? `“${decision.data.query}”` : t('decisionTitle', { id })} help={decision.data && `${decision.data.surface} · ${decision.data.policy_id} · ${time(decision.data.at)} · ${decision.data.subject}`} />
      <Loaded query={decision}>
        {(data) => (
          <>
            <Panel title={t('funnel')}><Funnel stages={data.stages} /></Panel>
            <Items items={data.items} />
            <div className="grid" style={{ marginBlockStart: 16 }}>
              <Panel title={t('outcomes')}><Outcomes decision={data} /></Panel>
              <Panel title={t('context')}><Json value={data.context} /></Panel>
            </div>
          </>
        )}
      </Loaded>
    </>
  )
}

function Funnel({ stages }: { stages: Decision['stages'] }) {
  const { t, number } = useText()
  if (!stages.length) return <Nothing text={t('none')} />
  return (
    <ol className="funnel" tabIndex={0}>
      {stages.map((stage) => (
        <li key={stage.name}>
          <span className="quiet">{stage.name}</span>
          <strong>{number(stage.out)}</strong>
          <span className="quiet">{stage.in > 0 && `${t('funnelIn')} ${number(stage.in)} · `}{number(stage.ms, 2)} ms</span>
        </li>
      ))}
    </ol>
  )
}

function Items({ items }: { items: DecisionItem[] }) {
  const { t, number } = useText()
  const [open, setOpen] = useState<readonly number[]>([items[0]?.position ?? 0])
  const toggle = (position: number) => setOpen(open.includes(position) ? open.filter((other) => other !== position) : [...open, position])
  const columns: TableColumnsType<DecisionItem> = [
    { title: t('colPosition'), dataIndex: 'position', align: 'end', className: 'number', },
    { title: t('colProduct'), dataIndex: 'title', render: (title: string, row) => <><a href={`/store/p/${encodeURIComponent(row.product_id)}`}>{title}</a>{!row.shown && <> <Tag>{t('notShown')}</Tag></>}</> },
    { title: t('colScore'), dataIndex: 'score', align: 'end', className: 'number', render: (value: number | null) => number(value, 3) },
    { title: t('colSlot'), dataIndex: 'slot', render: (slot: string) => <State state={slot} text={SLOTS[slot] ? t(SLOTS[slot] as Key) : slot} /> },
    { title: <Tooltip title={t('propensityHelp')}><span tabIndex={0}>{t('colPropensity')}</span></Tooltip>, dataIndex: 'propensity', align: 'end', className: 'number', render: (value: number | null) => number(value, 4) },
    { title: t('sources'), dataIndex: 'sources', render: (sources: DecisionItem['sources']) => Object.keys(sources).map((name) => <Tag key={name} variant="outlined">{name}</Tag>) },
    {
      title: '', key: 'explain', align: 'end',
      render: (_, row) => <Button size="small" aria-expanded={open.includes(row.position)} aria-label={t('explainOf', { position: row.position, title: row.title })} onClick={() => toggle(row.position)}>{t('explain')}</Button>,
    },
  ]
  return (
    <Panel title={t('items')}>
      <Table
        size="small" rowKey="position" columns={columns} dataSource={items} pagination={false} scroll={{ x: 'max-content' }}
        expandable={{ expandedRowKeys: open, showExpandColumn: false, expandedRowRender: (row) => <Explanation item={row} /> }}
      />
    </Panel>
  )
}

function Explanation({ item }: { item: DecisionItem }) {
  const { t, number } = useText()
  return (
    <div className="grid">
      <section><h3>{t('contributions')}</h3><p className="quiet">{t('contributionsHelp')}</p><Bars values={item.contributions} split label={t('contributions')} /></section>
      <section><h3>{t('sources')}</h3><Bars values={item.sources} label={t('sources')} /></section>
      <section className="whole">
        <h3>{t('features')}</h3>
        <dl className="features">{Object.entries(item.features).map(([name, value]) => <div key={name}><dt>{name}</dt><dd className="number">{number(value, 4)}</dd></div>)}</dl>
      </section>
    </div>
  )
}

function Outcomes({ decision }: { decision: Decision }) {
  const { t, time } = useText()
  if (!decision.outcomes.length) return <Nothing text={t('outcomesNone')} />
  const title = (id: string) => decision.items.find((item) => item.product_id === id)?.title ?? id
  return <ul className="list">{decision.outcomes.map((outcome) => <li key={`${outcome.at} ${outcome.event} ${outcome.product_id}`}><span><Tag variant="outlined">{outcome.event}</Tag> {title(outcome.product_id)}</span><span className="quiet">{time(outcome.at)}</span></li>)}</ul>
}
