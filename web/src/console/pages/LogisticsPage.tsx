import { Tabs } from 'antd'
import { useState } from 'react'
import { useText } from '../context'
import { Berths } from '../logistics/Berths'
import { Customs } from '../logistics/Customs'
import { Packing } from '../logistics/Packing'
import { Routes } from '../logistics/Routes'
import { Title } from '../states'

export default function LogisticsPage() {
  const { t } = useText()
  const [tab, setTab] = useState('routes')
  return (
    <>
      <Title title={t('navLogistics')} help={t('logHelp')} />
      <Tabs activeKey={tab} onChange={setTab} items={[{ key: 'routes', label: t('tabRoutes'), children: <Routes /> }, { key: 'packing', label: t('tabPacking'), children: <Packing /> }, { key: 'berths', label: t('tabBerths'), children: <Berths /> }, { key: 'customs', label: t('tabCustoms'), children: <Customs /> }]} />
    </>
  )
}
