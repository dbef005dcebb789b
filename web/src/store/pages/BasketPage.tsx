import { Link } from 'react-router'
import type { Basket } from '../../shared/types'
import { Art, Shelf } from '../Card'
import { Derived } from '../Price'
import { Stepper } from '../Stepper'
import { useBasket, useSetQuantity, useText } from '../context'
import { productPath } from '../paths'
import { Empty, Problem, Waiting, useTitle } from '../states'

export default function BasketPage() {
  const { t } = useText()
  useTitle(t('basketTitle'))
  const basket = useBasket()
  if (basket.isPending) return <Waiting />
  if (basket.error) return <Problem error={basket.error} retry={() => void basket.refetch()} />
  if (!basket.data.items.length) {
    return (
      <div className="page">
        <Empty title={t('basketEmptyTitle')} text={t('basketEmptyText')} action={t('startShopping')} heading={1} />
        <Shelf list="basket" title={t('goesWith')} shown={basket.data.recommended} />
      </div>
    )
  }
  return (
    <div className="page">
      <h1 className="page-title">{t('basketTitle')}</h1>
      <div className="two">
        <Lines basket={basket.data} />
        <Sum basket={basket.data} />
      </div>
      <Shelf list="basket" title={t('goesWith')} shown={basket.data.recommended} />
    </div>
  )
}

function Lines({ basket }: { basket: Basket }) {
  const { t, money } = useText()
  const { set, busy } = useSetQuantity()
  return (
    <ul className="lines">
      {basket.items.map(({ product, quantity, total }) => (
        <li key={product.id}>
          <Art product={product} />
          <div className="line-text">
            <Link to={productPath(product.id)}>{product.title}</Link>{product.title_derived && <Derived />}
            <p className="quiet">{[product.size, product.brand].filter(Boolean).join(' · ')}</p>
            <button type="button" className="link" disabled={busy} aria-label={t('removeOf', { title: product.title })} onClick={() => set(product, 0, quantity)}>{t('remove')}</button>
          </div>
          <Stepper product={product} />
          <strong className="line-total">{money(total)}</strong>
        </li>
      ))}
    </ul>
  )
}

function Sum({ basket }: { basket: Basket }) {
  const { t, money } = useText()
  return (
    <section className="sum" aria-label={t('summary')}>
      <dl>
        {basket.subtotal && <div><dt>{t('subtotal')}</dt><dd>{money(basket.subtotal)}</dd></div>}
        {basket.total && <div className="grand"><dt>{t('total')}</dt><dd>{money(basket.total)}</dd></div>}
      </dl>
      <Link className="button big" to="/checkout">{t('checkout')}</Link>
    </section>
  )
}
