import { useEffect } from 'react'
import { Link } from 'react-router'
import { ApiError } from '../shared/api'
import { iconUrl } from '../art/art'
import { useConfig, useText } from './context'

/** The title of the browser's tab, followed by the shop's name. */
export function useTitle(title: string | undefined) {
  const shop = useConfig().data?.name
  useEffect(() => {
    const words = [title, shop].filter(Boolean)
    if (words.length) document.title = words.join(' · ')
  }, [title, shop])
}

export function Waiting() {
  const { t } = useText()
  return (
    <div className="page" role="status">
      <span className="hidden-text">{t('loading')}</span>
      <div className="bone bone-title" />
      <CardBones count={12} />
    </div>
  )
}

export function CardBones({ count }: { count: number }) {
  return (
    <ul className="grid" aria-hidden="true">
      {Array.from({ length: count }, (_, index) => (
        <li key={index} className="card bones"><div className="bone bone-art" /><div className="bone" /><div className="bone bone-short" /></li>
      ))}
    </ul>
  )
}

/** A problem in words a shopper can use, with the id that finds it in the server's log. */
export function Problem({ error, retry }: { error: Error; retry?: () => void }) {
  const { t } = useText()
  if (error instanceof ApiError && error.status === 404) return <NotFound />
  const unreachable = error instanceof ApiError && error.status === 0
  return (
    <div className="state" role="alert">
      <h2>{t('errorTitle')}</h2>
      <p>{unreachable ? t('errorUnreachable') : error.message}</p>
      {error instanceof ApiError && error.requestId && <p className="quiet">{t('errorRequest', { id: error.requestId })}</p>}
      {retry && <button type="button" className="button" onClick={retry}>{t('retry')}</button>}
    </div>
  )
}

export function NotFound() {
  const { t } = useText()
  useTitle(t('notFoundTitle'))
  return <Empty art="magnifying-glass-tilted-left" title={t('notFoundTitle')} text={t('notFoundText')} action={t('toShop')} heading={1} />
}

interface EmptyProps { art?: string; title: string; text: string; action?: string; to?: string; heading?: 1 | 2 }

export function Empty({ art = 'basket', title, text, action, to = '/', heading = 2 }: EmptyProps) {
  const Heading = heading === 1 ? 'h1' : 'h2'
  const url = iconUrl(art) || iconUrl('basket')
  return (
    <div className="state">
      <img src={url} alt="" width="72" height="72" />
      <Heading>{title}</Heading>
      <p>{text}</p>
      {action && <Link className="button" to={to}>{action}</Link>}
    </div>
  )
}
