import { Input, Select, Table, type TableColumnsType } from 'antd'
import { useState } from 'react'
import type { Setting } from '../../shared/types'
import { useGet, useText } from '../context'
import type { Key } from '../messages'
import { Loaded, Nothing, State, Title } from '../states'

const ORIGINS: Record<Setting['source'], Key> = { default: 'originDefault', file: 'originFile', environment: 'originEnvironment' }
const shown = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))

export default function SettingsPage() {
  const { t } = useText()
  const settings = useGet<{ settings: Setting[] }>('/v1/settings')
  const [words, setWords] = useState('')
  const [section, setSection] = useState('')
  const sections = [...new Set(settings.data?.settings.map((setting) => setting.section))]
  const fits = (setting: Setting) => (!section || setting.section === section) && `${setting.section}.${setting.name} ${setting.doc}`.toLowerCase().includes(words.trim().toLowerCase())
  const columns: TableColumnsType<Setting> = [
    { title: t('colSetting'), key: 'name', width: 260, render: (_, row) => <span className="mono"><span className="quiet">{row.section}.</span><strong>{row.name}</strong></span> },
    { title: t('colValue'), dataIndex: 'value', width: 170, render: (value: unknown, row) => (row.secret ? <span className="quiet">{t('hidden')}</span> : <span className="mono">{shown(value)}</span>) },
    { title: t('colOrigin'), dataIndex: 'source', render: (source: Setting['source']) => <State state={source === 'default' ? 'default' : 'candidate'} text={ORIGINS[source] ? t(ORIGINS[source]) : source} /> },
    { title: t('colDefault'), dataIndex: 'default', render: (value: unknown, row) => <span className="mono quiet">{row.secret ? '–' : shown(value)}</span> },
    { title: t('colDoc'), dataIndex: 'doc' },
  ]
  return (
    <>
      <Title title={t('navSettings')} help={t('settingsHelp')} />
      <div className="tools">
        <Input allowClear aria-label={t('settingsSearch')} placeholder={t('settingsSearch')} value={words} onChange={(event) => setWords(event.target.value)} style={{ maxInlineSize: 340 }} />
        <Select aria-label={t('colSetting')} value={section} onChange={setSection} style={{ minInlineSize: 160 }} options={[{ value: '', label: t('all') }, ...sections.map((value) => ({ value, label: value }))]} />
      </div>
      <Loaded query={settings}>
        {(data) => <Table size="small" rowKey={(row) => `${row.section}.${row.name}`} columns={columns} dataSource={data.settings.filter(fits)} pagination={false} scroll={{ x: 860 }} locale={{ emptyText: <Nothing text={t('settingsEmpty')} /> }} />}
      </Loaded>
    </>
  )
}
