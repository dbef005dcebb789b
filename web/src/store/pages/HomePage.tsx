import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'react-router'
import { artUrl, iconUrl, tint } from '../../art/art'
import { api } from '../../shared/api'
import type { Category, Home } from '../../shared/types'
import { Shelf } from '../Card'
import { useText } from '../context'
import type { Key } from '../messages'
import { categoryPath, names } from '../paths'
import { Problem, Waiting, useTitle } from '../states'

const TITLES: Record<string, Key> = { for_you: 'sectionForYou', again: 'sectionAgain', trending: 'sectionTrending', new: 'sectionNew' }
const FEW = 10
const HERO = ['bread', 'strawberry', 'glass-of-milk', 'bouquet', 'cheese-wedge', 'avocado', 'teapot', 'carrot', 'cookie']

export function HomePage() {
  const { t } = useText()
  useTitle(t('home'))
  const home = useQuery({ queryKey: ['home'], queryFn: ({ signal }) => api<Home>('/v1/storefront/home', { signal }) })
  const sum = (home.data?.categories ?? []).reduce((total, category) => total + category.count, 0)
  return (
    <div className="page">
      <Hero count={sum} />
      {home.isPending && <Waiting />}
      {home.error && <Problem error={home.error} retry={() => void home.refetch()} />}
      {home.data && <Departments categories={home.data.categories} />}
      {home.data?.sections.map((section) => (
        <Shelf key={section.id} list={section.id} title={TITLES[section.id] ? t(TITLES[section.id] as Key) : section.title} shown={section} />
      ))}
    </div>
  )
}

function Hero({ count }: { count: number }) {
  const { t, number } = useText()
  return (
    <section className="hero">
      <div>
        <h1>{t('heroTitle')}</h1>
        <p>{count > 0 ? t('heroText', { count: number(count) }) : t('heroTextPlain')}</p>
      </div>
      <div className="hero-art" aria-hidden="true">
        {HERO.map((name) => <img key={name} src={iconUrl(name)} alt="" width="64" height="64" />)}
      </div>
    </section>
  )
}

export function Departments({ categories }: { categories: Category[] }) {
  const { t, n, number } = useText()
  const [all, setAll] = useState(false)
  if (!categories.length) return null
  const largest = [...categories].sort((a, b) => b.count - a.count)
  const shown = all ? largest : largest.slice(0, FEW)
  return (
    <section className="section" aria-labelledby="departments">
      <h2 id="departments">{t('departments')}</h2>
      <ul className="departments">
        {shown.map((category) => (
          <li key={category.id}>
            <Link to={categoryPath(category.id)} className={`tint-${tint(names(category.id))}`}>
              <img src={artUrl(names(category.id))} alt="" width="44" height="44" loading="lazy" />
              <span><strong>{category.name}</strong><small>{n('products', category.count)}</small></span>
            </Link>
          </li>
        ))}
      </ul>
      {categories.length > FEW && (
        <button type="button" className="link" aria-expanded={all} onClick={() => setAll(!all)}>{all ? t('fewerDepartments') : t('allDepartments', { count: number(categories.length) })}</button>
      )}
    </section>
  )
}
