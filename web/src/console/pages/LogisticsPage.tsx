import { Tabs } from 'antd'
import { useState } from 'react'
import { useText } from '../context'
import { Berths } from '../logistics/Berths'
import { Customs } from '../logistics/Customs'
import { Packing } from '../logistics/Packing'
import { Robots } from '../logistics/Robots'
import { Routes } from '../logistics/Routes'
import { Yard } from '../logistics/Yard'
import { Title } from '../states'

export default function LogisticsPage() {
  const { t } = useText()
  const [tab, setTab] = useState('routes')
  return (
    <>
      <Title title={t('navLogistics')} help={t('logHelp')} />
      <Tabs activeKey={tab} onChange={setTab} items={[{ key: 'routes', label: t('tabRoutes'), children: <Routes /> }, { key: 'packing', label: t('tabPacking'), children: <Packing /> }, { key: 'berths', label: t('tabBerths'), children: <Berths /> }, { key: 'robots', label: t('tabRobots'), children: <Robots /> }, { key: 'yard', label: t('tabYard'), children: <Yard /> }, { key: 'customs', label: t('tabCustoms'), children: <Customs /> }]} />
    </>
  )
}
