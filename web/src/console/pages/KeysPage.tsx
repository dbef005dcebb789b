import { Alert, App, Button, Checkbox, Form, Input, Modal, Table, Tag, type TableColumnsType } from 'antd'
import { useState } from 'react'
import { api } from '../../shared/api'
import type { ApiKey } from '../../shared/types'
import { useChange, useGet, useProblem, useText } from '../context'
import type { Key } from '../messages'
import { Loaded, Nothing, State, Title } from '../states'

const KEYS = '/v1/keys'
const SCOPES: [string, Key][] = [['read', 'scopeRead'], ['shop', 'scopeShop'], ['models', 'scopeModels'], ['admin', 'scopeAdmin']]

export default function KeysPage() {
  const { t, time } = useText()
  const { modal } = App.useApp()
  const problem = useProblem()
  const keys = useGet<{ keys: ApiKey[] }>(KEYS)
  const [creating, setCreating] = useState(false)
  const revoke = useChange((key: ApiKey) => api(`${KEYS}/${encodeURIComponent(key.id)}`, { method: 'DELETE' }), [KEYS])
  const ask = (key: ApiKey) => void modal.confirm({ title: t('revokeOf', { name: key.name }), content: t('revokeText'), okText: t('revoke'), okButtonProps: { danger: true }, cancelText: t('cancel'), onOk: () => revoke.mutateAsync(key).catch(() => undefined) })
  const columns: TableColumnsType<ApiKey> = [
    { title: t('keyName'), dataIndex: 'name' },
    { title: t('colPrefix'), dataIndex: 'prefix', render: (prefix: string) => <span className="mono">{prefix}…</span> },
    { title: t('keyScopes'), dataIndex: 'scopes', render: (scopes: string[]) => scopes.map((scope) => <Tag key={scope} variant="outlined">{scope}</Tag>) },
    { title: t('colState'), key: 'state', render: (_, key) => <State state={key.revoked_at ? 'revoked' : 'active'} text={t(key.revoked_at ? 'revoked' : 'active')} /> },
    { title: t('colCreated'), dataIndex: 'created_at', render: time },
    { title: t('colLastUsed'), dataIndex: 'last_used_at', render: (value: string | null) => (value ? time(value) : t('never')) },
    { title: '', key: 'revoke', align: 'end', render: (_, key) => !key.revoked_at && <Button size="small" danger onClick={() => ask(key)}>{t('revoke')}</Button> },
  ]
  return (
    <>
      <Title title={t('navKeys')} actions={<Button type="primary" onClick={() => setCreating(true)}>{t('createKey')}</Button>} />
      {revoke.error && <Alert type="error" role="alert" showIcon title={problem(revoke.error)} />}
      <Loaded query={keys}>
        {(data) => <Table size="small" rowKey="id" columns={columns} dataSource={data.keys} pagination={false} scroll={{ x: 'max-content' }} locale={{ emptyText: <Nothing text={t('keysEmpty')} /> }} />}
      </Loaded>
      {creating && <Create close={() => setCreating(false)} />}
    </>
  )
}

function Create({ close }: { close: () => void }) {
  const { t } = useText()
  const problem = useProblem()
  const [form] = Form.useForm<{ name: string; scopes: string[] }>()
  const create = useChange((json: { name: string; scopes: string[] }) => api<ApiKey>(KEYS, { method: 'POST', json }), [KEYS])
  if (create.data?.secret) return <Secret secret={create.data.secret} close={close} />
  return (
    <Modal open title={t('createKey')} okText={t('createKey')} cancelText={t('cancel')} onCancel={close} onOk={() => form.submit()} confirmLoading={create.isPending}>
      <Form form={form} layout="vertical" initialValues={{ name: '', scopes: ['read'] }} onFinish={(values) => create.mutate(values)}>
        <Form.Item name="name" label={t('keyName')} rules={[{ required: true, whitespace: true, message: t('keyNameNeed') }]}><Input autoFocus maxLength={100} /></Form.Item>
        <Form.Item name="scopes" label={t('keyScopes')} rules={[{ required: true, type: 'array', min: 1, message: t('keyScopesNeed') }]}>
          <Checkbox.Group style={{ flexDirection: 'column' }} options={SCOPES.map(([value, key]) => ({ value, label: t(key) }))} />
        </Form.Item>
      </Form>
      {create.error && <Alert type="error" role="alert" showIcon title={problem(create.error)} />}
    </Modal>
  )
}

function Secret({ secret, close }: { secret: string; close: () => void }) {
  const { t } = useText()
  const [copied, setCopied] = useState(false)
  const copy = () => void navigator.clipboard?.writeText(secret).then(() => setCopied(true), () => undefined)
  return (
    <Modal open title={t('keyCreated')} onCancel={close} mask={{ closable: false }} footer={[<Button key="copy" onClick={copy}>{t(copied ? 'keyCopied' : 'keyCopy')}</Button>, <Button key="done" type="primary" onClick={close}>{t('keyDone')}</Button>]}>
      <Alert type="warning" showIcon title={t('keyOnce')} style={{ marginBlockEnd: 12 }} />
      <pre className="json" tabIndex={0} data-testid="secret">{secret}</pre>
    </Modal>
  )
}
