import { request, uuid } from '../shared/api'

export type EventName = 'view_item_list' | 'select_item' | 'view_item' | 'add_to_cart' | 'remove_from_cart' | 'search' | 'begin_checkout'
interface Item { item_id: string; quantity?: number; index?: number }
interface Properties { items?: Item[]; search_term?: string; attribution_token?: string; item_list_id?: string }
interface Sent { type: 'track'; event: EventName; messageId: string; timestamp: string; properties: Properties }

const BATCH = 20
const WAIT = 800
const KEPT = 200
const ATTRIBUTION = 'yunqi.attribution'

let waiting: Sent[] = []
let timer: number | undefined

function send(events: Sent[]): Promise<unknown> {
  // The message ids make a repeat harmless; keepalive lets the last batch outlive the page.
  return request('/v1/storefront/events', { method: 'POST', json: { events }, keepalive: true })
}

function flush(): void {
  window.clearTimeout(timer)
  timer = undefined
  while (waiting.length) {
    const batch = waiting.splice(0, BATCH)
    send(batch).catch(() => {
      waiting = [...batch, ...waiting].slice(0, KEPT)
    })
    if (waiting.length > KEPT) break
  }
}

/** Notes what the shopper did; it is sent with others, soon, and at the latest when the page is left. */
export function track(event: EventName, properties: Properties): void {
  waiting.push({ type: 'track', event, messageId: uuid(), timestamp: new Date().toISOString(), properties })
  if (waiting.length >= BATCH) flush()
  else timer ??= window.setTimeout(flush, WAIT)
}

document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'hidden') flush()
})
window.addEventListener('pagehide', flush)

function remembered(): Record<string, string> {
  try {
    return JSON.parse(sessionStorage.getItem(ATTRIBUTION) ?? '{}') as Record<string, string>
  } catch {
    return {}
  }
}

/** Remembers which decision showed the product that was chosen, so that a later purchase can be credited to it. */
export function attribute(productId: string, decisionId: string | null): void {
  if (!decisionId) return
  const kept = Object.entries({ ...remembered(), [productId]: decisionId }).slice(-KEPT)
  try {
    sessionStorage.setItem(ATTRIBUTION, JSON.stringify(Object.fromEntries(kept)))
  } catch {
    // Without storage the purchase stays uncredited.
  }
}

/** The decision that led to this product, where one is known. */
export function attributionOf(productId: string): string | undefined {
  return remembered()[productId]
}
