import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { Link, useParams, useSearchParams } from 'react-router'
import { artUrl, tint } from '../../art/art'
import { api, query } from '../../shared/api'
import type { Category, SearchPage as Page } from '../../shared/types'
import { Cards } from '../Card'
import { Filters } from '../Filters'
import { Pager } from '../Pager'
import { useText } from '../context'
import type { Key } from '../messages'
import { categoryPath, lastName, names } from '../paths'
import { CardBones, Empty, Problem, useTitle } from '../states'
import { track } from '../tracker'

const SIZE = 24
const SORTS: [string, Key][] = [['relevance', 'sortRelevance'], ['popular', 'sortPopular'], ['price_asc', 'sortPriceAsc'], ['price_desc', 'sortPriceDesc']]

export function SearchPage() {
  const { t } = useText()
  const [parameters] = useSearchParams()
  const q = parameters.get('q')?.trim() ?? ''
  const heading = q ? t('resultsFor', { query: q }) : t('allProducts')
  useTitle(heading)
  useEffect(() => {
    if (q) track('search', { search_term: q })
  }, [q])
  return <div className="page"><h1 className="page-title">{heading}</h1><Results q={q} category={parameters.get('category') ?? ''} /></div>
}

export function CategoryPage() {
  const id = useParams()['*'] ?? ''
  const path = names(id)
  useTitle(lastName(id))
  const tree = useQuery({ queryKey: ['categories'], queryFn: ({ signal }) => api<{ categories: Category[] }>('/v1/storefront/categories', { signal }), staleTime: 600_000 })
  const children = find(tree.data?.categories ?? [], id)?.children ?? []
  return (
    <div className="page">
      <Crumbs path={path} />
      <div className={`category-head tint-${tint(path)}`}>
        <img src={artUrl(path)} alt="" width="56" height="56" />
        <h1>{lastName(id)}</h1>
      </div>
      {children.length > 0 && (
        <ul className="chips scroll">
          {children.map((child) => <li key={child.id}><Link className="chip" to={categoryPath(child.id)}>{child.name} <small>{child.count}</small></Link></li>)}
        </ul>
      )}
      <Results q="" category={id} fixed />
    </div>
  )
}

function find(tree: Category[], id: string): Category | undefined {
  for (const category of tree) {
    const found = category.id === id ? category : id.startsWith(`${category.id} > `) ? find(category.children ?? [], id) : undefined
    if (found) return found
  }
  return undefined
}

export function Crumbs({ path, end }: { path: string[]; end?: string }) {
  const { t } = useText()
  return (
    <nav className="crumbs" aria-label={t('breadcrumbs')}>
      <ol>
        <li><Link to="/">{t('home')}</Link></li>
        {path.map((name, index) => {
          const here = !end && index === path.length - 1
          return <li key={`${index} ${name}`}>{here ? <span aria-current="page">{name}</span> : <Link to={categoryPath(path.slice(0, index + 1).join(' > '))}>{name}</Link>}</li>
        })}
      </ol>
    </nav>
  )
}

/** Sets, or with an empty value removes, a parameter of the address; a changed filter starts at the first page again. */
function useParameters(): [URLSearchParams, (changes: Record<string, string>) => void] {
  const [parameters, setParameters] = useSearchParams()
  const change = (changes: Record<string, string>) => {
    const next = new URLSearchParams(parameters)
    if (!('page' in changes)) next.delete('page')
    for (const [name, value] of Object.entries(changes)) {
      if (value) next.set(name, value)
      else next.delete(name)
    }
    setParameters(next)
  }
  return [parameters, change]
}

interface ResultsProps { q: string; category: string; fixed?: boolean }

function Results({ q, category, fixed = false }: ResultsProps) {
  const { t } = useText()
  const [parameters, change] = useParameters()
  const get = (name: string) => parameters.get(name) ?? ''
  const wanted = {
    q, category, brand: get('brand'), min_price: get('min_price'), max_price: get('max_price'), in_stock: get('in_stock'),
    sort: get('sort'), page: get('page') || '1', size: SIZE,
  }
  const path = `/v1/storefront/search${query(wanted)}`
  const found = useQuery({ queryKey: ['search', path], queryFn: ({ signal }) => api<Page>(path, { signal }), placeholderData: keepPreviousData })
  const toPage = (page: number) => {
    change({ page: page > 1 ? String(page) : '' })
    window.scrollTo(0, 0)
  }
  return (
    <div className="results">
      <Filters facets={found.data?.facets} parameters={parameters} change={change} category={category} fixed={fixed} />
      <section aria-label={t('products', { count: '' }).trim()}>
        <ResultsBar page={found.data} sort={get('sort') || 'relevance'} change={change} />
        {found.isPending && <CardBones count={SIZE} />}
        {found.error && <Problem error={found.error} retry={() => void found.refetch()} />}
        {found.data && !found.data.items.length && <Empty art="magnifying-glass-tilted-left" title={t('noResultsTitle')} text={t('noResultsText')} />}
        {found.data && (
          <div className={found.isPlaceholderData ? 'stale' : undefined}>
            <Cards shown={found.data} list={q ? 'search' : 'category'} term={q || undefined} />
            <Pager page={found.data.page} pages={Math.ceil(found.data.total / found.data.size)} onPage={toPage} />
          </div>
        )}
      </section>
    </div>
  )
}

function ResultsBar({ page, sort, change }: { page: Page | undefined; sort: string; change: (changes: Record<string, string>) => void }) {
  const { t, n, number } = useText()
  return (
    <div className="results-bar">
      <p aria-live="polite">
        {page && <><strong>{n('results', page.total)}</strong> <span className="quiet">{t('tookMs', { ms: number(Math.max(1, Math.round(page.took_ms))) })}</span></>}
        {page?.suggestion && <span className="suggestion"> {t('didYouMean')} <Link to={`/search${query({ q: page.suggestion })}`}>{page.suggestion}</Link>?</span>}
      </p>
      <label>{t('sort')}{' '}
        <select value={sort} onChange={(event) => change({ sort: event.target.value === 'relevance' ? '' : event.target.value })}>
          {SORTS.map(([value, key]) => <option key={value} value={value}>{t(key)}</option>)}
        </select>
      </label>
    </div>
  )
}
