import { useEffect, useState, type FormEvent } from 'react'
import { Link } from 'react-router'
import { minorDigits, parseMinor } from '../shared/money'
import type { Facet, SearchPage } from '../shared/types'
import { useConfig, useText } from './context'
import { categoryPath, lastName } from './paths'

const NAMES = ['category', 'brand', 'min_price', 'max_price', 'in_stock']
const WIDE = '(min-width: 60rem)'

interface FiltersProps {
  facets: SearchPage['facets'] | undefined
  parameters: URLSearchParams
  change: (changes: Record<string, string>) => void
  category: string
  fixed: boolean
}

function useWide(): boolean {
  const [wide, setWide] = useState(() => window.matchMedia(WIDE).matches)
  useEffect(() => {
    const media = window.matchMedia(WIDE)
    const follow = () => setWide(media.matches)
    media.addEventListener('change', follow)
    return () => media.removeEventListener('change', follow)
  }, [])
  return wide
}

/** The filters: beside the results where there is room, folded above them on a phone. */
export function Filters({ facets, parameters, change, category, fixed }: FiltersProps) {
  const { t } = useText()
  const wide = useWide()
  const active = NAMES.filter((name) => parameters.has(name))
  const brand = parameters.get('brand') ?? ''
  const body = (
    <>
      {active.length > 0 && (
        <button type="button" className="button plain" onClick={() => change(Object.fromEntries(NAMES.map((name) => [name, ''])))}>{t('clearFilters')}</button>
      )}
      <label className="check">
        <input type="checkbox" checked={parameters.get('in_stock') === 'true'} onChange={(event) => change({ in_stock: event.target.checked ? 'true' : '' })} />
        {t('onlyInStock')}
      </label>
      <PriceRange key={`${parameters.get('min_price')} ${parameters.get('max_price')}`} parameters={parameters} change={change} />
      <CategoryFacet facets={facets?.category ?? []} chosen={category} fixed={fixed} change={change} />
      <BrandFacet facets={facets?.brand ?? []} chosen={brand} change={change} />
    </>
  )
  if (wide) return <aside className="filters" aria-label={t('filters')}>{body}</aside>
  return (
    <details className="filters">
      <summary>{t('filters')}{active.length > 0 && ` (${active.length})`}</summary>
      {body}
    </details>
  )
}

function PriceRange({ parameters, change }: Pick<FiltersProps, 'parameters' | 'change'>) {
  const { t } = useText()
  const currency = useConfig().data?.currency ?? 'USD'
  const shown = (name: string) => {
    const minor = parameters.get(name)
    return minor ? String(Number(minor) / 10 ** minorDigits(currency)) : ''
  }
  const [low, setLow] = useState(() => shown('min_price'))
  const [high, setHigh] = useState(() => shown('max_price'))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const minor = (text: string) => parseMinor(text, currency)?.toString() ?? ''
    change({ min_price: minor(low), max_price: minor(high) })
  }
  return (
    <form className="range" onSubmit={submit}>
      <fieldset>
        <legend>{t('price')} ({currency})</legend>
        <label>{t('priceFrom')}<input inputMode="decimal" size={5} value={low} onChange={(event) => setLow(event.target.value)} /></label>
        <label>{t('priceTo')}<input inputMode="decimal" size={5} value={high} onChange={(event) => setHigh(event.target.value)} /></label>
        <button type="submit" className="button plain">{t('apply')}</button>
      </fieldset>
    </form>
  )
}

interface FacetProps { facets: Facet[]; chosen: string; change: (changes: Record<string, string>) => void }

function CategoryFacet({ facets, chosen, fixed, change }: FacetProps & { fixed: boolean }) {
  const { t, number } = useText()
  const others = facets.filter((facet) => facet.value !== chosen).slice(0, 14)
  if (!others.length && (fixed || !chosen)) return null
  return (
    <fieldset>
      <legend>{t('category')}</legend>
      <ul className="facet">
        {chosen && !fixed && (
          <li><button type="button" aria-pressed="true" onClick={() => change({ category: '' })}><span>{lastName(chosen)}</span><span aria-hidden="true">×</span></button></li>
        )}
        {others.map((facet) => (
          <li key={facet.value}>
            {fixed ? (
              <Link to={categoryPath(facet.value)}><span>{lastName(facet.value)}</span><small>{number(facet.count)}</small></Link>
            ) : (
              <button type="button" aria-pressed="false" onClick={() => change({ category: facet.value })}><span>{lastName(facet.value)}</span><small>{number(facet.count)}</small></button>
            )}
          </li>
        ))}
      </ul>
    </fieldset>
  )
}

function BrandFacet({ facets, chosen, change }: FacetProps) {
  const { t, number } = useText()
  if (!facets.length && !chosen) return null
  const shown = chosen && !facets.some((facet) => facet.value === chosen) ? [{ value: chosen, count: 0 }, ...facets] : facets
  return (
    <fieldset>
      <legend>{t('brand')}</legend>
      <ul className="facet">
        {shown.slice(0, 14).map((facet) => (
          <li key={facet.value}>
            <label className="check">
              <input type="checkbox" checked={facet.value === chosen} onChange={(event) => change({ brand: event.target.checked ? facet.value : '' })} />
              <span>{facet.value}</span><small>{number(facet.count)}</small>
            </label>
          </li>
        ))}
      </ul>
    </fieldset>
  )
}
