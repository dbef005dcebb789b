// The shapes of the HTTP contract, as the pages read them.
export interface Money { amount_minor: number; currency: string }

export interface ProductCard {
  id: string
  title: string
  title_derived: boolean
  price: Money | null
  sale_price: Money | null
  availability: 'in_stock' | 'out_of_stock'
  image: string | null
  category: string[]
  brand: string | null
  size: string | null
  position?: number
  slot?: 'ranked' | 'exploration' | 'sponsored'
}

export interface Product extends ProductCard {
  description: string | null
  gtin: string | null
  product_type: string | null
  attributes: Record<string, string | number | boolean | null>
  price_history: { at: string; price: Money }[]
  promotions: { id: string; title: string; ends: string | null }[]
}

export interface ShownList { decision_id: string | null; items: ProductCard[] }
export interface Section extends ShownList { id: string; title: string }
export interface Category { id: string; name: string; count: number; children?: Category[] }
export interface ShopConfig { name: string; currency: string; demo: boolean; demo_note: string | null; assistant: boolean; version: string }
export interface Home { sections: Section[]; categories: Category[] }
export interface Facet { value: string; count: number }

export interface SearchPage extends ShownList {
  query: string
  total: number
  page: number
  size: number
  facets: { category: Facet[]; brand: Facet[] }
  took_ms: number
  suggestion: string | null
}

export interface Suggestion { text: string; kind: 'query' | 'category' | 'product'; id: string | null }
export interface ProductPage { product: Product; similar: ShownList; together: ShownList }
export interface BasketItem { product: ProductCard; quantity: number; total: Money }
export interface Basket { items: BasketItem[]; subtotal: Money | null; total: Money | null; count: number; recommended: ShownList }

export interface Order {
  id: string
  number: string
  status: 'paid' | 'payment_failed' | 'cancelled'
  placed_at: string
  items: { product_id: string; title: string; quantity: number; unit_price: Money; total: Money }[]
  total: Money
  email: string
  payment: { provider: string; reference: string | null; status: string }
}

export type AnswerEvent =
  | { type: 'citation'; product_id: string; title: string; facts: string[] }
  | { type: 'text'; delta: string }
  | { type: 'done'; model: string; usage: { prompt_tokens: number; completion_tokens: number }; grounding?: string }
  | { type: 'error'; message: string }

export interface Session { workspace: string; name: string; scopes: string[] }

export interface Overview {
  now: string
  shop: { products: number; in_stock: number; events: number; orders: number; shoppers: number }
  today: { events: number; orders: number; revenue: Money | null; searches: number; chat_requests: number }
  series: { at: string; events: number; orders: number }[]
  top_queries: { query: string; count: number }[]
  health: { name: string; state: 'ok' | 'degraded' | 'down'; detail: string }[]
  demo_note: string | null
}

export interface CatalogRow extends ProductCard { generation: number | string; updated_at: string }
export interface CatalogProduct extends Product { generation: number | string; updated_at: string }
export interface ImportReport {
  id: string
  kind: 'catalog' | 'events' | 'promotions'
  file: string
  state: string
  rows: number
  added: number
  updated: number
  unchanged: number
  retired: number
  rejected: number
  started_at: string
  finished_at: string | null
  message: string | null
  errors?: { line: number; column: string | null; message: string; value: string | null }[]
}

export interface LogEvent { seq: number; name: string; at: string; subject: string; message_id: string; payload: unknown }
export interface Policy {
  id: string
  surface: string
  version: number | string
  stage: 'candidate' | 'production' | 'retired'
  kind: string
  created_at: string
  metrics: Record<string, number>
  features: string[]
  note?: string | null
  training: { from: string | null; until: string | null; rows: number | null; seed: number | null } | null
}

export interface DecisionRow { id: string; surface: string; policy_id: string; at: string; subject: string; query: string | null; items: number; took_ms: number }
export interface DecisionItem {
  position: number
  product_id: string
  title: string
  score: number | null
  slot: string
  propensity: number | null
  sources: Record<string, number>
  features: Record<string, number | null>
  contributions: Record<string, number>
  shown: boolean
}
export interface Decision extends Omit<DecisionRow, 'items' | 'took_ms'> {
  context: Record<string, unknown>
  items: DecisionItem[]
  outcomes: { at: string; event: string; product_id: string }[]
  stages: { name: string; in: number; out: number; ms: number }[]
}

export interface StudioModel {
  id: string
  asset: string
  family: string
  parameters: number | string | null
  quantisation: string | null
  context: number | null
  licence: string
  state: 'ready' | 'loading' | 'missing' | 'failed'
  detail?: string | null
  memory_bytes: number | null
  sha256: string | null
  source: string | null
}

export interface UsageRow { key: string; meter: string; quantity: number }
export interface ApiKey { id: string; name: string; prefix: string; scopes: string[]; created_at: string; last_used_at: string | null; revoked_at: string | null; secret?: string }
export interface Job {
  id: string
  kind: string
  state: 'queued' | 'running' | 'done' | 'failed' | 'cancelled'
  done: number
  total: number | null
  message: string | null
  result: unknown
  error: string | null
  created_at: string
  started_at: string | null
  finished_at: string | null
  attempts: number
}
export interface Setting { name: string; section: string; value: unknown; default: unknown; source: 'default' | 'file' | 'environment'; type: string; doc: string; secret: boolean }
