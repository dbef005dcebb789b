import { ConfigProvider, App as AntApp, theme as antTheme } from 'antd'
import enUS from 'antd/locale/en_US'
import zhCN from 'antd/locale/zh_CN'
import { Suspense, lazy, useEffect } from 'react'
import { Route, Routes } from 'react-router'
import { useLanguage } from '../shared/language'
import { useTheme, type Theme } from '../shared/theme'
import { Shell } from './Shell'
import { Failure, Waiting } from './states'
import { useSession, useText } from './context'

const LoginPage = lazy(() => import('./pages/LoginPage'))
const OverviewPage = lazy(() => import('./pages/OverviewPage'))
const CatalogPage = lazy(() => import('./pages/CatalogPage'))
const ImportsPage = lazy(() => import('./pages/ImportsPage'))
const EventsPage = lazy(() => import('./pages/EventsPage'))
const PoliciesPage = lazy(() => import('./pages/PoliciesPage'))
const DecisionsPage = lazy(() => import('./pages/DecisionsPage'))
const DecisionPage = lazy(() => import('./pages/DecisionPage'))
const ModelsPage = lazy(() => import('./pages/ModelsPage'))
const PlaygroundPage = lazy(() => import('./pages/PlaygroundPage'))
const KeysPage = lazy(() => import('./pages/KeysPage'))
const UsagePage = lazy(() => import('./pages/UsagePage'))
const JobsPage = lazy(() => import('./pages/JobsPage'))
const LogisticsPage = lazy(() => import('./pages/LogisticsPage'))
const DriverPage = lazy(() => import('./pages/DriverPage'))
const TrainingPage = lazy(() => import('./pages/TrainingPage'))
const LabsPage = lazy(() => import('./pages/LabsPage'))
const SettingsPage = lazy(() => import('./pages/SettingsPage'))

const LIGHT = {
  colorPrimary: '#0a6b4b', colorInfo: '#0a6b4b', colorLink: '#0a6b4b', colorPrimaryBg: '#dff1e7', colorPrimaryBgHover: '#d0e9dc', colorPrimaryBorder: '#8cc5ab',
  colorTextDescription: '#566259', colorTextTertiary: '#5d685f', colorTextPlaceholder: '#667069', colorError: '#b3261e', borderRadius: 9,
}
const DARK = {
  colorPrimary: '#2fae7f', colorInfo: '#2fae7f', colorLink: '#57d3a2', colorPrimaryText: '#57d3a2', colorPrimaryBg: '#16352a', colorPrimaryBgHover: '#1d4435', colorTextLightSolid: '#04150d',
  colorTextDescription: '#a3b3a9', colorTextTertiary: '#a3b3a9', colorTextPlaceholder: '#8d9c93', colorError: '#ff9d92', colorBgContainer: '#171e1a', colorBgElevated: '#1e2622', colorBorder: '#3b4740', colorBorderSecondary: '#2b352f', borderRadius: 9,
}
const LIGHT_PARTS = { Menu: { itemSelectedColor: '#0a6b4b' } }
const DARK_PARTS = { Menu: { itemSelectedColor: '#57d3a2', darkItemSelectedColor: '#57d3a2' }, Tooltip: { colorTextLightSolid: '#e9f0eb' }, Modal: { contentBg: '#1e2622', headerBg: '#1e2622' } }

export function Console() {
  const { language } = useLanguage()
  const [theme, setTheme] = useTheme()
  const dark = theme === 'dark'
  return (
    <ConfigProvider
      locale={language === 'zh' ? zhCN : enUS}
      theme={{ algorithm: dark ? antTheme.darkAlgorithm : antTheme.defaultAlgorithm, token: { ...(dark ? DARK : LIGHT), motionDurationMid: '0.12s' }, components: dark ? DARK_PARTS : LIGHT_PARTS }}
    >
      <AntApp className="app">
        <Inside theme={theme} setTheme={setTheme} />
      </AntApp>
    </ConfigProvider>
  )
}

function Inside({ theme, setTheme }: { theme: Theme; setTheme: (theme: Theme) => void }) {
  const session = useSession()
  const { t } = useText()
  useEffect(() => {
    document.title = `Yunqi · ${t('product')}`
  }, [t])
  if (session.isPending) return <Waiting />
  if (session.error) return <Failure error={session.error} retry={() => void session.refetch()} />
  if (!session.data) return <Suspense fallback={<Waiting />}><LoginPage /></Suspense>
  return (
    <Shell session={session.data} theme={theme} setTheme={setTheme}>
      <Suspense fallback={<Waiting />}>
        <Routes>
          <Route path="/" element={<OverviewPage />} />
          <Route path="/login" element={<OverviewPage />} />
          <Route path="/catalog" element={<CatalogPage />} />
          <Route path="/imports" element={<ImportsPage />} />
          <Route path="/events" element={<EventsPage />} />
          <Route path="/policies" element={<PoliciesPage />} />
          <Route path="/decisions" element={<DecisionsPage />} />
          <Route path="/decisions/:id" element={<DecisionPage />} />
          <Route path="/models" element={<ModelsPage />} />
          <Route path="/playground" element={<PlaygroundPage />} />
          <Route path="/keys" element={<KeysPage />} />
          <Route path="/usage" element={<UsagePage />} />
          <Route path="/jobs" element={<JobsPage />} />
          <Route path="/logistics" element={<LogisticsPage />} />
          <Route path="/logistics/plans/:id/vehicles/:vehicle" element={<DriverPage />} />
          <Route path="/training" element={<TrainingPage />} />
          <Route path="/labs" element={<LabsPage />} />
          <Route path="/settings" element={<SettingsPage />} />
          <Route path="*" element={<h1>{t('notFound')}</h1>} />
        </Routes>
      </Suspense>
    </Shell>
  )
}
