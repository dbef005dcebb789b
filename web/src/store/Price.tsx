import type { ProductCard } from '../shared/types'
import { useText } from './context'

type Priced = Pick<ProductCard, 'price' | 'sale_price'>

/** The price, and where it is reduced the old one as well. */
export function Price({ product }: { product: Priced }) {
  const { t, money } = useText()
  const { price, sale_price: sale } = product
  if (!price) return <p className="price quiet">{t('noPrice')}</p>
  if (!sale || sale.amount_minor >= price.amount_minor) return <p className="price">{money(price)}</p>
  return (
    <p className="price">
      <span className="sale"><span className="hidden-text">{t('now', { price: '' })}</span>{money(sale)}</span>{' '}
      <s><span className="hidden-text">{t('was', { price: '' })}</span>{money(price)}</s>
    </p>
  )
}

/** The small mark of a title that no merchant wrote. */
export function Derived() {
  const { t } = useText()
  return (
    <span className="derived" tabIndex={0} role="note" aria-label={`${t('derivedTitle')}: ${t('derivedHelp')}`}>
      <span aria-hidden="true">≈</span>
      <span className="tip" aria-hidden="true">{t('derivedHelp')}</span>
    </span>
  )
}

export function Availability({ product }: { product: Pick<ProductCard, 'availability'> }) {
  const { t } = useText()
  const there = product.availability === 'in_stock'
  return <span className={there ? 'stock' : 'stock gone'}>{t(there ? 'inStock' : 'outOfStock')}</span>
}
