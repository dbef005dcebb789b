import { Link, NavLink } from 'react-router'
import { useLanguage } from '../shared/language'
import { useTheme } from '../shared/theme'
import { BasketIcon, Cloud, MoonIcon, OrdersIcon, SunIcon } from './icons'
import { SearchBox } from './SearchBox'
import { useBasket, useConfig, useText } from './context'

export function Header() {
  const { t, n } = useText()
  const config = useConfig().data
  const count = useBasket().data?.count ?? 0
  return (
    <header className="top">
      {config?.demo && config.demo_note && <p className="demo"><Link to="/about">{t('demo')}</Link> {config.demo_note}</p>}
      <div className="bar">
        <Link className="logo" to="/" aria-label={`${config?.name ?? 'Yunqi'}, ${t('home')}`}><Cloud /><span>{config?.name ?? 'Yunqi'}</span></Link>
        <SearchBox />
        <nav className="tools" aria-label={t('mainNav')}>
          <LanguageSwitch />
          <ThemeSwitch />
          <NavLink className="tool" to="/orders" aria-label={t('orders')} title={t('orders')}><OrdersIcon /></NavLink>
          <NavLink className="tool basket" to="/basket" aria-label={n('basketCount', count)} title={t('basket')}>
            <BasketIcon />
            {count > 0 && <span className="badge" aria-hidden="true">{count > 99 ? '99+' : count}</span>}
          </NavLink>
        </nav>
      </div>
    </header>
  )
}

function LanguageSwitch() {
  const { language, setLanguage } = useLanguage()
  const other = language === 'en' ? 'zh' : 'en'
  return (
    <button type="button" className="tool" lang={other === 'zh' ? 'zh-CN' : 'en'} aria-label={other === 'zh' ? '切换到中文' : 'Switch to English'} onClick={() => setLanguage(other)}>
      <span aria-hidden="true">{other === 'zh' ? '中' : 'EN'}</span>
    </button>
  )
}

function ThemeSwitch() {
  const { t } = useText()
  const [theme, setTheme] = useTheme()
  const label = theme === 'dark' ? t('themeLight') : t('themeDark')
  return (
    <button type="button" className="tool" aria-label={label} title={label} onClick={() => setTheme(theme === 'dark' ? 'light' : 'dark')}>
      {theme === 'dark' ? <SunIcon /> : <MoonIcon />}
    </button>
  )
}
