import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState, type FormEvent } from 'react'
import { useNavigate } from 'react-router'
import { ApiError, api, uuid } from '../../shared/api'
import type { Basket, Order } from '../../shared/types'
import { useBasket, useText } from '../context'
import type { Key } from '../messages'
import { Empty, Problem, Waiting, useTitle } from '../states'
import { track } from '../tracker'

type Field = 'email' | 'name' | 'address'
const FIELDS: [Field, Key, string, (value: string) => boolean][] = [
  ['email', 'needEmail', 'email', (value) => /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value)],
  ['name', 'needName', 'name', (value) => value.trim().length > 0],
  ['address', 'needAddress', 'street-address', (value) => value.trim().length > 0],
]
const CARDS: [string, string, Key][] = [
  ['tok_visa', '4242', 'cardOk'],
  ['tok_declined', '0002', 'cardDeclined'],
  ['tok_insufficient', '9995', 'cardInsufficient'],
]
const REFUSALS: Record<string, Key> = { card_declined: 'payDeclined', insufficient_funds: 'payInsufficient', card_insufficient: 'payInsufficient' }

export default function CheckoutPage() {
  const { t } = useText()
  useTitle(t('checkoutTitle'))
  const basket = useBasket()
  if (basket.isPending) return <Waiting />
  if (basket.error) return <Problem error={basket.error} retry={() => void basket.refetch()} />
  if (!basket.data.items.length) return <Empty title={t('basketEmptyTitle')} text={t('basketEmptyText')} action={t('startShopping')} heading={1} />
  return (
    <div className="page">
      <h1 className="page-title">{t('checkoutTitle')}</h1>
      <div className="two">
        <Form basket={basket.data} />
        <Summary basket={basket.data} />
      </div>
    </div>
  )
}

/** Places the order. A repeat after a lost reply carries the same key, so that nobody pays twice; a refusal ends that key. */
function usePlaceOrder() {
  const key = useRef(uuid())
  const client = useQueryClient()
  const navigate = useNavigate()
  return useMutation({
    mutationFn: (form: Record<string, string>) => api<Order>('/v1/storefront/checkout', { method: 'POST', json: form, headers: { 'Idempotency-Key': key.current } }),
    onSuccess: (order) => {
      client.setQueryData(['order', order.id], order)
      for (const name of ['basket', 'orders', 'home']) void client.invalidateQueries({ queryKey: [name] })
      navigate(`/orders/${encodeURIComponent(order.id)}`, { state: { placed: true } })
    },
    onError: (error) => {
      if (error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 429) key.current = uuid()
    },
  })
}

function Form({ basket }: { basket: Basket }) {
  const { t, money } = useText()
  const [values, setValues] = useState<Record<Field, string>>({ email: '', name: '', address: '' })
  const [card, setCard] = useState('tok_visa')
  const [wrong, setWrong] = useState<Field[]>([])
  const place = usePlaceOrder()
  const form = useRef<HTMLFormElement>(null)
  useEffect(() => {
    track('begin_checkout', { items: basket.items.map((item) => ({ item_id: item.product.id, quantity: item.quantity })) })
    // Once for each visit of the page.
  }, [])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const bad = FIELDS.filter(([field, , , valid]) => !valid(values[field])).map(([field]) => field)
    setWrong(bad)
    if (bad.length) form.current?.querySelector<HTMLElement>(`#checkout-${bad[0]}`)?.focus()
    else if (!place.isPending) place.mutate({ ...values, payment_token: card })
  }
  return (
    <form ref={form} className="checkout" noValidate onSubmit={submit}>
      <fieldset>
        <legend>{t('contact')}</legend>
        {FIELDS.map(([field, need, autoComplete]) => (
          <div className="field" key={field}>
            <label htmlFor={`checkout-${field}`}>{t(field)}</label>
            <input
              id={`checkout-${field}`}
              type={field === 'email' ? 'email' : 'text'}
              autoComplete={autoComplete}
              maxLength={field === 'address' ? 500 : 190}
              required
              aria-invalid={wrong.includes(field)}
              aria-describedby={wrong.includes(field) ? `checkout-${field}-error` : undefined}
              value={values[field]}
              onChange={(event) => {
                setValues({ ...values, [field]: event.target.value })
                setWrong(wrong.filter((other) => other !== field))
              }}
            />
            {wrong.includes(field) && <p className="field-error" id={`checkout-${field}-error`}>{t(need)}</p>}
          </div>
        ))}
      </fieldset>
      <fieldset>
        <legend>{t('payment')}</legend>
        <p className="notice">{t('testPayment')}</p>
        {CARDS.map(([token, digits, key]) => (
          <label className="card-choice" key={token}>
            <input type="radio" name="card" value={token} checked={card === token} onChange={() => setCard(token)} />
            <span className="card-number">•••• {digits}</span><span>{t(key)}</span>
          </label>
        ))}
      </fieldset>
      {place.error && <Refusal error={place.error} />}
      <button type="submit" className="button big" aria-disabled={place.isPending}>
        {place.isPending ? t('placing') : t('placeOrder', { total: basket.total ? money(basket.total) : '' })}
      </button>
    </form>
  )
}

function Refusal({ error }: { error: Error }) {
  const { t } = useText()
  const known = error instanceof ApiError ? REFUSALS[error.code] : undefined
  const message = error instanceof ApiError && error.status === 0 ? t('errorUnreachable') : error.message
  return <p className="refusal" role="alert">{known ? t(known) : t('payFailed', { message })}</p>
}

function Summary({ basket }: { basket: Basket }) {
  const { t, money } = useText()
  return (
    <section className="sum" aria-labelledby="summary">
      <h2 id="summary">{t('summary')}</h2>
      <ul className="short-lines">
        {basket.items.map((item) => <li key={item.product.id}><span>{item.quantity} × {item.product.title}</span><span>{money(item.total)}</span></li>)}
      </ul>
      {basket.total && <dl><div className="grand"><dt>{t('total')}</dt><dd>{money(basket.total)}</dd></div></dl>}
    </section>
  )
}
