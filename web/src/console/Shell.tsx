import {
  ApiOutlined, AppstoreOutlined, BarChartOutlined, ClockCircleOutlined, CloudUploadOutlined, DashboardOutlined, DeploymentUnitOutlined, ExperimentOutlined, KeyOutlined,
  LineChartOutlined, LogoutOutlined, MenuOutlined, MessageOutlined, MoonOutlined, OrderedListOutlined, RobotOutlined, SettingOutlined, ShopOutlined, SunOutlined, TruckOutlined,
} from '@ant-design/icons'
import { Button, Drawer, Grid, Menu, Tooltip, theme as antTheme, type MenuProps } from 'antd'
import { useEffect, useState, type CSSProperties, type ReactNode } from 'react'
import { Link, useLocation } from 'react-router'
import { api } from '../shared/api'
import { useLanguage } from '../shared/language'
import type { Theme } from '../shared/theme'
import type { Session } from '../shared/types'
import { useText } from './context'
import type { Key } from './messages'

const PAGES: [Key, [string, Key, ReactNode][]][] = [
  ['groupShop', [['/', 'navOverview', <DashboardOutlined key="i" />], ['/catalog', 'navCatalog', <AppstoreOutlined key="i" />], ['/imports', 'navImports', <CloudUploadOutlined key="i" />], ['/events', 'navEvents', <OrderedListOutlined key="i" />]]],
  ['groupRanking', [['/policies', 'navPolicies', <ExperimentOutlined key="i" />], ['/decisions', 'navDecisions', <BarChartOutlined key="i" />]]],
  ['groupModels', [['/models', 'navModels', <RobotOutlined key="i" />], ['/playground', 'navPlayground', <MessageOutlined key="i" />], ['/usage', 'navUsage', <ApiOutlined key="i" />]]],
  ['groupWork', [['/logistics', 'navLogistics', <TruckOutlined key="i" />], ['/training', 'navTraining', <LineChartOutlined key="i" />], ['/labs', 'navLabs', <DeploymentUnitOutlined key="i" />]]],
  ['groupServer', [['/jobs', 'navJobs', <ClockCircleOutlined key="i" />], ['/keys', 'navKeys', <KeyOutlined key="i" />], ['/settings', 'navSettings', <SettingOutlined key="i" />]]],
]

interface ShellProps { session: Session; theme: Theme; setTheme: (theme: Theme) => void; children: ReactNode }

/** The frame around every page: the menu beside it, or in a drawer on a phone. */
export function Shell({ session, theme, setTheme, children }: ShellProps) {
  const { t } = useText()
  const { token } = antTheme.useToken()
  const wide = Grid.useBreakpoint().lg ?? window.innerWidth >= 992
  const [open, setOpen] = useState(false)
  const { pathname } = useLocation()
  useEffect(() => setOpen(false), [pathname])
  const colors = { '--line': token.colorBorderSecondary, '--surface': token.colorBgContainer, '--bg': theme === 'dark' ? '#0f1412' : '#f6f7f4', '--ink': token.colorText, '--quiet': token.colorTextDescription, '--brand': token.colorPrimary, '--link': token.colorLink } as CSSProperties
  return (
    <div className="frame" style={colors}>
      <a className="skip" href="#main">{t('skip')}</a>
      <header className="head">
        {!wide && <Button type="text" icon={<MenuOutlined />} aria-label={t('openMenu')} aria-expanded={open} onClick={() => setOpen(true)} />}
        <Link to="/" className="brand"><img src="/favicon.svg" alt="" width="28" height="28" /> Yunqi <span>{t('product')}</span></Link>
        <Tools session={session} theme={theme} setTheme={setTheme} />
      </header>
      <div className="body">
        {wide && <nav className="side" aria-label={t('menu')}><Pages /></nav>}
        <main id="main" tabIndex={-1}>{children}</main>
      </div>
      {!wide && <Drawer open={open} placement="left" size={270} title={t('menu')} onClose={() => setOpen(false)}><nav aria-label={t('menu')}><Pages /></nav></Drawer>}
    </div>
  )
}

function Pages() {
  const { t } = useText()
  const { pathname } = useLocation()
  const items: MenuProps['items'] = PAGES.map(([group, pages]) => ({
    key: group,
    type: 'group' as const,
    label: t(group),
    children: pages.map(([path, key, icon]) => ({ key: path, icon, label: <Link to={path}>{t(key)}</Link> })),
  }))
  const here = `/${pathname.split('/')[1] ?? ''}`
  return <Menu mode="inline" items={items} selectedKeys={[here]} />
}

function Tools({ session, theme, setTheme }: Omit<ShellProps, 'children'>) {
  const { t } = useText()
  const { language, setLanguage } = useLanguage()
  const other = language === 'en' ? 'zh' : 'en'
  const next = theme === 'dark' ? 'light' : 'dark'
  const signOut = () => {
    const leave = () => window.location.assign('/console')
    api('/v1/session', { method: 'DELETE' }).then(leave, leave)
  }
  const themeLabel = t(next === 'dark' ? 'themeDark' : 'themeLight')
  return (
    <div className="head-tools">
      <span className="who">{t('signedInAs', { name: session.name, workspace: session.workspace })}</span>
      <Button type="text" lang={other === 'zh' ? 'zh-CN' : 'en'} aria-label={other === 'zh' ? '切换到中文' : 'Switch to English'} onClick={() => setLanguage(other)}>{other === 'zh' ? '中' : 'EN'}</Button>
      <Tooltip title={themeLabel}><Button type="text" aria-label={themeLabel} icon={next === 'dark' ? <MoonOutlined /> : <SunOutlined />} onClick={() => setTheme(next)} /></Tooltip>
      <Tooltip title={t('toShop')}><Button type="text" href="/store" aria-label={t('toShop')} icon={<ShopOutlined />} /></Tooltip>
      <Tooltip title={t('signOut')}><Button type="text" aria-label={t('signOut')} icon={<LogoutOutlined />} onClick={signOut} /></Tooltip>
    </div>
  )
}
