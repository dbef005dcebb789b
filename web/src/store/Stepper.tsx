import { useBasket, useSetQuantity, useText } from './context'
import type { ProductCard } from '../shared/types'

const MOST = 99

interface StepperProps { product: ProductCard; onAdd?: () => void; wide?: boolean }

/** Add to the basket; once it is there, one less or one more. */
export function Stepper({ product, onAdd, wide = false }: StepperProps) {
  const { t, number } = useText()
  const quantity = useBasket().data?.items.find((item) => item.product.id === product.id)?.quantity ?? 0
  const { set, busy, error } = useSetQuantity()
  const sold = product.availability === 'in_stock' && product.price !== null
  if (!sold && quantity === 0) return null
  const change = (next: number) => {
    if (next > quantity) onAdd?.()
    set(product, next, quantity)
  }
  return (
    <div className={wide ? 'stepper-box wide' : 'stepper-box'}>
      {quantity === 0 ? (
        <button type="button" className="button add" disabled={busy} aria-label={t('addOf', { title: product.title })} onClick={() => change(1)}>
          <span aria-hidden="true">+</span> {t('add')}
        </button>
      ) : (
        <div className="stepper" role="group" aria-label={t('quantityOf', { title: product.title })}>
          <button type="button" disabled={busy} aria-label={t('one', { title: product.title })} onClick={() => change(quantity - 1)}>−</button>
          <output aria-label={t('quantity')}>{number(quantity)}</output>
          <button type="button" disabled={busy || !sold || quantity >= MOST} aria-label={t('more', { title: product.title })} onClick={() => change(quantity + 1)}>+</button>
        </div>
      )}
      {error && <p className="field-error" role="alert">{error.message}</p>}
    </div>
  )
}
