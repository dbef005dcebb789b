import { Button, Drawer, Input, Table, Tooltip, type TableColumnsType } from 'antd'
import { useState } from 'react'
import { artUrl } from '../../art/art'
import { query } from '../../shared/api'
import type { CatalogProduct, CatalogRow } from '../../shared/types'
import { useGet, useText } from '../context'
import { Failure, Json, Loaded, Nothing, Opener, State, Title } from '../states'

const SIZE = 20

export default function CatalogPage() {
  const { t, n, money, date } = useText()
  const [q, setQ] = useState('')
  const [page, setPage] = useState(1)
  const [open, setOpen] = useState<string>()
  const rows = useGet<{ total: number; items: CatalogRow[] }>(`/v1/catalog/products${query({ q, page, size: SIZE })}`)
  const columns: TableColumnsType<CatalogRow> = [
    {
      title: t('colProduct'), dataIndex: 'title', width: 380,
      render: (title: string, row) => (
        <span style={{ display: 'flex', gap: 10, alignItems: 'center' }}>
          <img src={row.image ?? artUrl(row.category)} alt="" width="28" height="28" loading="lazy" />
          <span>
            <Opener open={() => setOpen(row.id)}>{title}</Opener>
            {row.title_derived && <Tooltip title={t('derivedHelp')}><span className="quiet" tabIndex={0} role="note" aria-label={t('derivedTitle')}> ≈</span></Tooltip>}
          </span>
        </span>
      ),
    },
    { title: t('colId'), dataIndex: 'id', className: 'mono' },
    { title: t('colCategory'), dataIndex: 'category', render: (path: string[]) => <span className="clip" title={path.join(' > ')}>{path.slice(0, 2).join(' > ')}</span> },
    { title: t('colPrice'), align: 'end', className: 'number', render: (_, row) => money(row.price) },
    { title: t('colSale'), align: 'end', className: 'number', render: (_, row) => money(row.sale_price) },
    { title: t('colStock'), dataIndex: 'availability', render: (state: string) => <State state={state} text={t(state === 'in_stock' ? 'inStock' : 'outOfStock')} /> },
    { title: t('colGeneration'), dataIndex: 'generation', align: 'end', className: 'number' },
    { title: t('colUpdated'), dataIndex: 'updated_at', render: date },
  ]
  return (
    <>
      <Title title={t('navCatalog')} help={rows.data ? n('catalogTotal', rows.data.total) : undefined} />
      <div className="tools">
        <Input.Search allowClear aria-label={t('catalogSearch')} placeholder={t('catalogSearch')} onSearch={(text) => { setQ(text); setPage(1) }} enterButton={t('search')} />
      </div>
      {rows.error && <Failure error={rows.error} retry={() => void rows.refetch()} />}
      <Table
        size="small" rowKey="id" columns={columns} loading={rows.isFetching && !rows.data} dataSource={rows.data?.items} scroll={{ x: 'max-content' }}
        locale={{ emptyText: <Nothing text={t('catalogEmpty')} /> }}
        pagination={{ current: page, pageSize: SIZE, total: rows.data?.total ?? 0, onChange: setPage, showSizeChanger: false }}
      />
      <ProductDrawer id={open} close={() => setOpen(undefined)} />
    </>
  )
}

function ProductDrawer({ id, close }: { id: string | undefined; close: () => void }) {
  const { t } = useText()
  return (
    <Drawer open={id !== undefined} onClose={close} size={520} title={t('colProduct')} destroyOnHidden extra={id && <Button href={`/store/p/${encodeURIComponent(id)}`}>{t('showInShop')}</Button>}>
      {id && <ProductFacts id={id} />}
    </Drawer>
  )
}

function ProductFacts({ id }: { id: string }) {
  const { t, money, time, date } = useText()
  const product = useGet<CatalogProduct>(`/v1/catalog/products/${encodeURIComponent(id)}`)
  return (
    <Loaded query={product}>
      {(data) => (
        <>
          <h2>{data.title}</h2>
          {data.title_derived && <p className="quiet">≈ {t('derivedTitle')}: {t('derivedHelp')}</p>}
          <dl className="drawer-facts">
            <dt>{t('colId')}</dt><dd className="mono">{data.id}</dd>
            <dt>{t('colCategory')}</dt><dd>{data.category.join(' > ')}</dd>
            <dt>{t('colPrice')}</dt><dd>{money(data.price)}</dd>
            <dt>{t('colSale')}</dt><dd>{money(data.sale_price)}</dd>
            <dt>{t('colStock')}</dt><dd><State state={data.availability} text={t(data.availability === 'in_stock' ? 'inStock' : 'outOfStock')} /></dd>
            <dt>{t('colBrand')}</dt><dd>{data.brand ?? '–'}</dd>
            <dt>{t('colSize')}</dt><dd>{data.size ?? '–'}</dd>
            <dt>{t('colGeneration')}</dt><dd>{data.generation}</dd>
            <dt>{t('colUpdated')}</dt><dd>{time(data.updated_at)}</dd>
          </dl>
          {data.price_history?.length > 0 && <h3>{t('priceHistory')}</h3>}
          <ul className="list">{data.price_history?.map((point) => <li key={point.at}><span>{date(point.at)}</span><span className="number">{money(point.price)}</span></li>)}</ul>
          {data.promotions?.length > 0 && <h3>{t('promotions')}</h3>}
          <ul className="list">{data.promotions?.map((promotion) => <li key={promotion.id}><span>{promotion.title}</span><span>{date(promotion.ends)}</span></li>)}</ul>
          <h3>{t('attributes')}</h3>
          <Json value={data.attributes} />
        </>
      )}
    </Loaded>
  )
}
