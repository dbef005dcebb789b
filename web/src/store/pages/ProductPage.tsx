import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { useParams } from 'react-router'
import { api } from '../../shared/api'
import type { Money, Product, ProductPage as Page } from '../../shared/types'
import { Ask } from '../Ask'
import { Art, Shelf } from '../Card'
import { Availability, Derived, Price } from '../Price'
import { Stepper } from '../Stepper'
import { useConfig, useText } from '../context'
import { Problem, Waiting, useTitle } from '../states'
import { attributionOf, track } from '../tracker'
import { Crumbs } from './SearchPage'

export function ProductPage() {
  const { t } = useText()
  const id = useParams().id ?? ''
  const page = useQuery({ queryKey: ['product', id], queryFn: ({ signal }) => api<Page>(`/v1/storefront/products/${encodeURIComponent(id)}`, { signal }) })
  const assistant = useConfig().data?.assistant
  const product = page.data?.product
  useTitle(product?.title)
  useEffect(() => {
    if (product) track('view_item', { items: [{ item_id: product.id }], attribution_token: attributionOf(product.id) })
  }, [product?.id])
  if (page.isPending) return <Waiting />
  if (page.error) return <Problem error={page.error} retry={() => void page.refetch()} />
  const { similar, together } = page.data
  return (
    <div className="page">
      <Crumbs path={page.data.product.category} end={page.data.product.title} />
      <article className="product">
        <div>
          <Art product={page.data.product} large />
          <Facts product={page.data.product} />
        </div>
        <div>
          <Buy product={page.data.product} />
          {assistant && <Ask key={id} product={page.data.product} />}
        </div>
      </article>
      <Shelf list="together" title={t('together')} shown={together} />
      <Shelf list="similar" title={t('similar')} shown={similar} />
    </div>
  )
}

function Buy({ product }: { product: Product }) {
  const { t, date, money } = useText()
  const { price, sale_price: sale } = product
  const saved: Money | null = price && sale && sale.amount_minor < price.amount_minor ? { ...price, amount_minor: price.amount_minor - sale.amount_minor } : null
  return (
    <div className="buy">
      <h1>{product.title}{product.title_derived && <Derived />}</h1>
      <p className="quiet">{[product.brand, product.size].filter(Boolean).join(' · ')}</p>
      <div className="buy-price"><Price product={product} />{saved && <span className="flag saved">{t('save', { price: money(saved) })}</span>}</div>
      <p><Availability product={product} /></p>
      {product.promotions.length > 0 && (
        <ul className="promotions" aria-label={t('promotions')}>
          {product.promotions.map((promotion) => (
            <li key={promotion.id}><strong>{promotion.title}</strong>{promotion.ends && <span className="quiet"> {t('promotionUntil', { date: date(promotion.ends) })}</span>}</li>
          ))}
        </ul>
      )}
      <Stepper product={product} wide />
      {product.description && <p className="description">{product.description}</p>}
    </div>
  )
}

function Facts({ product }: { product: Product }) {
  const { t } = useText()
  const rows: [string, string][] = [
    [t('brand'), product.brand ?? ''],
    [t('size'), product.size ?? ''],
    [t('type'), product.category.at(-1) ?? product.product_type ?? ''],
    ['GTIN', product.gtin ?? ''],
    [t('identifier'), product.id],
    ...Object.entries(product.attributes).map(([name, value]): [string, string] => [name.replaceAll('_', ' '), value === null ? '' : String(value)]),
  ]
  return (
    <section className="facts" aria-labelledby="facts">
      <h2 id="facts">{t('details')}</h2>
      <dl>{rows.filter(([, value]) => value).map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>
      <History points={product.price_history} />
    </section>
  )
}

/** The prices of the past as a stepped line; its meaning is also told in words. */
function History({ points }: { points: Product['price_history'] }) {
  const { t, date, money } = useText()
  const sorted = [...points].sort((a, b) => a.at.localeCompare(b.at))
  const first = sorted[0]
  if (!first || sorted.length < 2) return null
  const amounts = sorted.map((point) => point.price.amount_minor)
  const low = Math.min(...amounts)
  const high = Math.max(...amounts)
  const y = (amount: number) => (high === low ? 30 : 52 - (44 * (amount - low)) / (high - low))
  const start = Date.parse(first.at)
  const span = Math.max(1, Date.parse(sorted.at(-1)?.at ?? first.at) - start)
  const x = (at: string) => 4 + (272 * (Date.parse(at) - start)) / span
  const line = sorted.map((point, index) => (index ? `H${x(point.at).toFixed(1)} V` : `M${x(point.at).toFixed(1)} `) + y(point.price.amount_minor).toFixed(1)).join(' ')
  const words = t('priceHistoryText', {
    low: money({ ...first.price, amount_minor: low }), high: money({ ...first.price, amount_minor: high }), date: date(first.at),
  })
  return (
    <figure className="history">
      <figcaption><strong>{t('priceHistory')}</strong><span className="quiet">{words}</span></figcaption>
      <svg viewBox="0 0 296 60" aria-hidden="true"><path d={`${line} H292`} fill="none" stroke="currentColor" strokeWidth="2" vectorEffect="non-scaling-stroke" /></svg>
    </figure>
  )
}
