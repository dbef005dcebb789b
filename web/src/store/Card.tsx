import { useEffect, useRef } from 'react'
import { Link } from 'react-router'
import { artUrl, tint } from '../art/art'
import type { ProductCard, ShownList } from '../shared/types'
import { Availability, Derived, Price } from './Price'
import { Stepper } from './Stepper'
import { useText } from './context'
import { productPath } from './paths'
import { attribute, track } from './tracker'

/** The product's picture, or an illustration of its category on that category's tint. */
export function Art({ product, large = false }: { product: ProductCard; large?: boolean }) {
  const size = large ? 220 : 96
  return (
    <span className={`art tint-${tint(product.category)}${large ? ' art-large' : ''}`}>
      <img src={product.image ?? artUrl(product.category)} alt="" width={size} height={size} loading={large ? 'eager' : 'lazy'} decoding="async" />
    </span>
  )
}

interface CardProps { product: ProductCard; decisionId: string | null; list: string; index: number }

export function Card({ product, decisionId, list, index }: CardProps) {
  const { t } = useText()
  const select = () => {
    attribute(product.id, decisionId)
    track('select_item', { items: [{ item_id: product.id, index }], item_list_id: list, attribution_token: decisionId ?? undefined })
  }
  return (
    <li className="card">
      <Art product={product} />
      {product.slot === 'sponsored' && <span className="flag">{t('sponsored')}</span>}
      <div className="card-text">
        <h3>
          <Link to={productPath(product.id)} onClick={select}>{product.title}</Link>
          {product.title_derived && <Derived />}
        </h3>
        <p className="quiet">{[product.size, product.brand].filter(Boolean).join(' · ')}</p>
      </div>
      <div className="card-foot">
        <div><Price product={product} />{product.availability === 'out_of_stock' && <Availability product={product} />}</div>
        <Stepper product={product} onAdd={() => attribute(product.id, decisionId)} />
      </div>
    </li>
  )
}

interface CardsProps { shown: ShownList; list: string; shelf?: boolean; term?: string }

/** A list of products; once it has been on the screen, the log knows what was shown. */
export function Cards({ shown, list, shelf = false, term }: CardsProps) {
  const element = useRef<HTMLUListElement>(null)
  const key = `${shown.decision_id ?? ''} ${shown.items.map((item) => item.id).join(' ')}`
  useEffect(() => {
    const seen = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return
      seen.disconnect()
      const items = shown.items.map((item, index) => ({ item_id: item.id, index: item.position ?? index }))
      track('view_item_list', { items, item_list_id: list, attribution_token: shown.decision_id ?? undefined, search_term: term })
    })
    if (element.current && shown.items.length) seen.observe(element.current)
    return () => seen.disconnect()
    // The key stands for everything that was shown.
  }, [key, list, term])
  return (
    <ul ref={element} className={shelf ? 'shelf' : 'grid'}>
      {shown.items.map((item, index) => (
        <Card key={item.id} product={item} decisionId={shown.decision_id} list={list} index={item.position ?? index} />
      ))}
    </ul>
  )
}

export function Shelf({ title, shown, list }: { title: string; shown: ShownList; list: string }) {
  if (!shown.items.length) return null
  return (
    <section className="section" aria-labelledby={`shelf-${list}`}>
      <h2 id={`shelf-${list}`}>{title}</h2>
      <Cards shown={shown} list={list} shelf />
    </section>
  )
}
