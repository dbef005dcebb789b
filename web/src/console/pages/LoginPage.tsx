import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Alert, Button, Form, Input } from 'antd'
import { theme as antTheme } from 'antd'
import { api } from '../../shared/api'
import { useLanguage } from '../../shared/language'
import type { Session } from '../../shared/types'
import { useProblem, useText } from '../context'
import { Go } from '../states'

export default function LoginPage() {
  const { t } = useText()
  const { language, setLanguage } = useLanguage()
  const { token } = antTheme.useToken()
  const problem = useProblem()
  const client = useQueryClient()
  const signIn = useMutation({
    mutationFn: ({ key }: { key: string }) => api<Session>('/v1/session', { method: 'POST', json: { key: key.trim() } }),
    onSuccess: (session) => {
      client.removeQueries({ predicate: (query) => query.queryKey[0] !== 'session' })
      client.setQueryData(['session'], session)
    },
  })
  return (
    <main className="login">
      <div className="login-box" style={{ background: token.colorBgContainer }}>
        <img src="/favicon.svg" alt="" width="44" height="44" />
        <h1>{t('loginTitle')}</h1>
        <p>{t('loginText')}</p>
        <Form layout="vertical" requiredMark={false} onFinish={(values: { key: string }) => signIn.mutate(values)}>
          <Form.Item name="key" label={t('loginKey')} rules={[{ required: true, whitespace: true, message: t('loginNeed') }]}>
            <Input.Password autoFocus autoComplete="current-password" placeholder="sk-…" size="large" />
          </Form.Item>
          {signIn.error && <Alert type="error" role="alert" showIcon title={problem(signIn.error)} style={{ marginBlockEnd: 16 }} />}
          <Go text={t('loginGo')} busy={signIn.isPending} type="primary" size="large" block htmlType="submit" />
        </Form>
        <Button type="link" lang={language === 'en' ? 'zh-CN' : 'en'} onClick={() => setLanguage(language === 'en' ? 'zh' : 'en')}>{language === 'en' ? '切换到中文' : 'Switch to English'}</Button>
      </div>
    </main>
  )
}
