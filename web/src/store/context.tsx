import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { createContext, useCallback, useContext, useMemo, useState, type ReactNode } from 'react'
import { api } from '../shared/api'
import { fill, plural, useLanguage, type Values } from '../shared/language'
import { formatMoney } from '../shared/money'
import type { Basket, Money, ProductCard, ShopConfig } from '../shared/types'
import { en, zh, type Key } from './messages'
import { attributionOf, track } from './tracker'

/** Messages, money and dates in the chosen language. */
export function useText() {
  const { language, locale } = useLanguage()
  return useMemo(() => {
    const table: Record<Key, string> = language === 'zh' ? zh : en
    return {
      t: (key: Key, values?: Values) => fill(table[key], values),
      n: (key: Key, count: number, values?: Values) => plural(table, key, count, locale, values),
      number: (value: number) => new Intl.NumberFormat(locale).format(value),
      money: (value: Money) => formatMoney(value, locale),
      date: (iso: string) => new Intl.DateTimeFormat(locale, { dateStyle: 'medium' }).format(new Date(iso)),
      time: (iso: string) => new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(iso)),
      language,
    }
  }, [language, locale])
}

export function useConfig() {
  return useQuery({ queryKey: ['config'], queryFn: ({ signal }) => api<ShopConfig>('/v1/storefront/config', { signal }), staleTime: Infinity })
}

const Announcer = createContext<(message: string) => void>(() => undefined)

/** One polite live region for the whole shop: what just happened, for those who do not see it. */
export function AnnounceProvider({ children }: { children: ReactNode }) {
  const [message, setMessage] = useState('')
  return (
    <Announcer.Provider value={setMessage}>
      {children}
      <div className="hidden-text" role="status" aria-live="polite">{message}</div>
    </Announcer.Provider>
  )
}

export const useAnnounce = () => useContext(Announcer)

export function useBasket() {
  return useQuery({ queryKey: ['basket'], queryFn: ({ signal }) => api<Basket>('/v1/storefront/basket', { signal }), staleTime: 30_000 })
}

/** Sets the quantity of one product in the basket; tells the event log and the live region. */
export function useSetQuantity() {
  const client = useQueryClient()
  const announce = useAnnounce()
  const { t } = useText()
  const change = useMutation({
    scope: { id: 'basket' },
    mutationFn: ({ product, quantity }: { product: ProductCard; quantity: number; before: number }) =>
      api<Basket>(`/v1/storefront/basket/items/${encodeURIComponent(product.id)}`, { method: 'PUT', json: { quantity } }),
    onSuccess: (basket, { product, quantity, before }) => {
      client.setQueryData(['basket'], basket)
      if (quantity === before) return
      announce(t(quantity > 0 ? 'added' : 'removed', { title: product.title }))
      const items = [{ item_id: product.id, quantity: Math.abs(quantity - before) }]
      track(quantity > before ? 'add_to_cart' : 'remove_from_cart', { items, attribution_token: attributionOf(product.id) })
    },
  })
  const { mutate } = change
  const set = useCallback((product: ProductCard, quantity: number, before: number) => mutate({ product, quantity, before }), [mutate])
  return { set, error: change.error, busy: change.isPending }
}
