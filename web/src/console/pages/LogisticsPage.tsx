import { Tabs } from 'antd'
import { useSearchParams } from 'react-router'
import { useText } from '../context'
import { Berths } from '../logistics/Berths'
import { Costs } from '../logistics/Costs'
import { Customs } from '../logistics/Customs'
import { Forecasts } from '../logistics/Forecasts'
import { Packing } from '../logistics/Packing'
import { Picking } from '../logistics/Picking'
import { Robots } from '../logistics/Robots'
import { Routes } from '../logistics/Routes'
import { Yard } from '../logistics/Yard'
import { Title } from '../states'

export default function LogisticsPage() {
  const { t } = useText()
  const [asked, ask] = useSearchParams()
  return (
    <>
      <Title title={t('navLogistics')} help={t('logHelp')} />
      <Tabs className="all-tabs" activeKey={asked.get('tab') ?? 'routes'} onChange={(tab) => ask({ tab }, { replace: true })} items={[{ key: 'routes', label: t('tabRoutes'), children: <Routes /> }, { key: 'packing', label: t('tabPacking'), children: <Packing /> }, { key: 'berths', label: t('tabBerths'), children: <Berths /> }, { key: 'picking', label: t('tabPicking'), children: <Picking /> }, { key: 'robots', label: t('tabRobots'), children: <Robots /> }, { key: 'yard', label: t('tabYard'), children: <Yard /> }, { key: 'customs', label: t('tabCustoms'), children: <Customs /> }, { key: 'costs', label: t('tabCosts'), children: <Costs /> }, { key: 'forecasts', label: t('tabForecasts'), children: <Forecasts /> }]} />
    </>
  )
}
