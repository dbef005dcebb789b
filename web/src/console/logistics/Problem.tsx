import { Alert, Button, InputNumber } from 'antd'
import { useState, type ReactNode } from 'react'
import { useProblem, useText } from '../context'
import { Go, Panel } from '../states'
import { Paste } from './Paste'

interface ProblemProps { title: string; help: string; example: unknown; go: string; seconds?: number; busy: boolean; error: Error | null; table?: boolean; submit: (problem: unknown, seconds: number) => void; children?: ReactNode }

/** A place to paste, drop or choose a problem, and how long it may be worked on, where that matters. */
export function Problem({ title, help, example, go, seconds: usual, busy, error, table = false, submit, children }: ProblemProps) {
  const { t } = useText()
  const problem = useProblem()
  const [text, setText] = useState('')
  const [seconds, setSeconds] = useState(usual ?? 0)
  const [wrong, setWrong] = useState<string>()
  const start = () => {
    setWrong(undefined)
    if (table && text.trim() && !text.trimStart().startsWith('{')) return submit(text, seconds)
    try {
      const value: unknown = JSON.parse(text)
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return setWrong(t('logNotObject'))
      submit(value, seconds)
    } catch (cause) {
      setWrong(t('logNotJson', { message: cause instanceof Error ? cause.message : String(cause) }))
    }
  }
  return (
    <Panel title={title} extra={<Button size="small" onClick={() => setText(JSON.stringify(example, null, 1))}>{t('logExample')}</Button>}>
      <p className="quiet">{help}</p>
      <Paste label={t('logProblem')} hint={t('logPaste')} value={text} accept=".json,.txt,application/json,text/plain" change={setText}>
        {usual !== undefined && <label>{t('logSeconds')} <InputNumber min={1} max={60} value={seconds} aria-label={t('logSeconds')} onChange={(value) => setSeconds(value ?? usual)} style={{ inlineSize: 76 }} /></label>}
        <Go text={go} busy={busy} type="primary" disabled={!text.trim()} onClick={start} />
      </Paste>
      {busy && <p className="quiet" role="status">{t('logBusy')}</p>}
      {(wrong ?? error) && <Alert type="error" role="alert" showIcon title={wrong ?? problem(error)} />}
      {children}
    </Panel>
  )
}
