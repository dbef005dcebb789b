import { Tabs } from 'antd'
import { useState } from 'react'
import { useText } from '../context'
import { Network } from '../labs/Network'
import { Processor } from '../labs/Processor'
import { Title } from '../states'

export default function LabsPage() {
  const { t } = useText()
  const [tab, setTab] = useState('npu')
  return (
    <>
      <Title title={t('navLabs')} help={t('labHelp')} />
      <Tabs activeKey={tab} onChange={setTab} items={[{ key: 'npu', label: t('tabNpu'), children: <Network /> }, { key: 'core', label: t('tabCore'), children: <Processor /> }]} />
    </>
  )
}
