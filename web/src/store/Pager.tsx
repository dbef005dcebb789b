import { useText } from './context'

interface PagerProps { page: number; pages: number; onPage: (page: number) => void }

export function Pager({ page, pages, onPage }: PagerProps) {
  const { t, number } = useText()
  if (pages < 2) return null
  return (
    <nav className="pager" aria-label={t('pages')}>
      <button type="button" className="button plain" disabled={page <= 1} onClick={() => onPage(page - 1)}>{t('previous')}</button>
      <span>{t('pageOf', { page: number(page), pages: number(pages) })}</span>
      <button type="button" className="button plain" disabled={page >= pages} onClick={() => onPage(page + 1)}>{t('next')}</button>
    </nav>
  )
}
