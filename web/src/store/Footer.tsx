import { Link } from 'react-router'
import { useConfig, useText } from './context'

export function Footer() {
  const { t } = useText()
  const config = useConfig().data
  return (
    <footer className="foot">
      <nav aria-label={t('about')}>
        <Link to="/about">{t('about')}</Link>
        <Link to="/orders">{t('orders')}</Link>
        <a href="/console">{t('operator')}</a>
      </nav>
      <p>{config ? t('version', { version: config.version }) : ''}</p>
    </footer>
  )
}
