import { Alert, Button, Input, InputNumber, Select, Slider } from 'antd'
import { useEffect, useId, useRef, useState } from 'react'
import { useSearchParams } from 'react-router'
import { request } from '../../shared/api'
import { events } from '../../shared/sse'
import { useGet, useProblem, useText } from '../context'
import { Nothing, Panel, Title } from '../states'

interface Said { role: 'user' | 'assistant'; content: string }
interface Chunk { choices: { delta: { content?: string | null } }[]; usage?: { prompt_tokens: number; completion_tokens: number } | null; error?: { message: string } }
interface Spent { prompt: number; completion: number; seconds: number; first: number }
interface Wish { model: string; system: string; temperature: number; most: number }

function useChat() {
  const [said, setSaid] = useState<Said[]>([])
  const [busy, setBusy] = useState(false)
  const [failed, setFailed] = useState<unknown>()
  const [spent, setSpent] = useState<Spent>()
  const running = useRef<AbortController | null>(null)
  useEffect(() => () => running.current?.abort(), [])

  const add = (text: string) => setSaid((now) => [...now.slice(0, -1), { role: 'assistant', content: (now.at(-1)?.content ?? '') + text }])
  const read = async (reply: Response, began: number) => {
    let first = 0
    for await (const chunk of events<Chunk>(reply)) {
      if (chunk.error) throw new Error(chunk.error.message)
      const text = chunk.choices[0]?.delta.content
      if (text) {
        first ||= (performance.now() - began) / 1000
        add(text)
      }
      if (chunk.usage) setSpent({ prompt: chunk.usage.prompt_tokens, completion: chunk.usage.completion_tokens, seconds: (performance.now() - began) / 1000, first })
    }
  }
  const send = async (content: string, wish: Wish) => {
    const history: Said[] = [...said, { role: 'user', content }]
    setSaid([...history, { role: 'assistant', content: '' }])
    setFailed(undefined)
    setSpent(undefined)
    setBusy(true)
    const control = new AbortController()
    running.current = control
    try {
      const messages = wish.system.trim() ? [{ role: 'system', content: wish.system }, ...history] : history
      const json = { model: wish.model, messages, stream: true, stream_options: { include_usage: true }, temperature: wish.temperature, max_tokens: wish.most }
      const began = performance.now()
      await read(await request('/v1/chat/completions', { method: 'POST', json, signal: control.signal }), began)
    } catch (error) {
      if (!control.signal.aborted) setFailed(error)
    } finally {
      setBusy(false)
      setSaid((now) => (now.at(-1)?.content === '' ? now.slice(0, -1) : now))
    }
  }
  const reset = () => {
    running.current?.abort()
    setSaid([])
    setSpent(undefined)
    setFailed(undefined)
  }
  return { said, busy, failed, spent, send, reset, stop: () => running.current?.abort() }
}

export default function PlaygroundPage() {
  const { t, number } = useText()
  const problem = useProblem()
  const [parameters] = useSearchParams()
  const models = useGet<{ data: { id: string }[] }>('/v1/models')
  const [wish, setWish] = useState<Wish>({ model: parameters.get('model') ?? '', system: '', temperature: 0.7, most: 256 })
  const [text, setText] = useState('')
  const chat = useChat()
  const model = wish.model || models.data?.data[0]?.id || ''
  const send = () => {
    if (!text.trim() || chat.busy || !model) return
    void chat.send(text.trim(), { ...wish, model })
    setText('')
  }
  return (
    <>
      <Title title={t('navPlayground')} help={t('playHelp')} actions={<Button onClick={chat.reset}>{t('playNew')}</Button>} />
      {models.error && <Alert type="error" role="alert" showIcon title={problem(models.error)} style={{ marginBlockEnd: 16 }} />}
      <div className="grid wide-first">
        <Panel>
          <div className="chat" role="log" aria-live="polite" aria-busy={chat.busy}>
            {!chat.said.length && <Nothing text={t('playEmpty')} />}
            {chat.said.map((said, index) => (
              <div key={index} className={said.role === 'user' ? 'say mine' : 'say'}><small>{t(said.role === 'user' ? 'playYou' : 'playModelSays')}</small>{said.content || '…'}</div>
            ))}
          </div>
          {chat.failed !== undefined && <Alert type="error" role="alert" showIcon title={t('playFailed', { message: problem(chat.failed) })} style={{ marginBlock: 12 }} />}
          {chat.spent && <p className="quiet">{t('playUsage', { prompt: number(chat.spent.prompt), completion: number(chat.spent.completion), seconds: number(chat.spent.seconds, 2), first: number(chat.spent.first, 2) })}</p>}
          <Input.TextArea
            aria-label={t('playMessage')} placeholder={t('playMessage')} autoSize={{ minRows: 2, maxRows: 8 }} value={text} onChange={(event) => setText(event.target.value)} style={{ marginBlock: 12 }}
            onPressEnter={(event) => {
              if (event.shiftKey || event.nativeEvent.isComposing) return
              event.preventDefault()
              send()
            }}
          />
          {chat.busy ? <Button onClick={chat.stop}>{t('playStop')}</Button> : <Button type="primary" disabled={!text.trim() || !model} onClick={send}>{t('playSend')}</Button>}
        </Panel>
        <Wishes wish={{ ...wish, model }} setWish={setWish} models={models.data?.data.map((entry) => entry.id) ?? []} />
      </div>
    </>
  )
}

function Wishes({ wish, setWish, models }: { wish: Wish; setWish: (wish: Wish) => void; models: string[] }) {
  const { t } = useText()
  const id = useId()
  return (
    <Panel title={t('navSettings')}>
      <label htmlFor={`${id}-model`}>{t('playModel')}</label>
      <Select id={`${id}-model`} style={{ inlineSize: '100%', marginBlock: '4px 14px' }} value={wish.model || undefined} onChange={(model) => setWish({ ...wish, model })} options={models.map((value) => ({ value, label: value }))} />
      <label htmlFor={`${id}-system`}>{t('playSystem')}</label>
      <Input.TextArea id={`${id}-system`} rows={3} style={{ marginBlock: '4px 14px' }} value={wish.system} onChange={(event) => setWish({ ...wish, system: event.target.value })} />
      <span id={`${id}-temperature`}>{t('playTemperature')}: {wish.temperature}</span>
      <Slider min={0} max={2} step={0.1} value={wish.temperature} ariaLabelledByForHandle={`${id}-temperature`} onChange={(temperature) => setWish({ ...wish, temperature })} />
      <label htmlFor={`${id}-most`}>{t('playMax')}</label>
      <InputNumber id={`${id}-most`} min={1} max={4096} style={{ inlineSize: '100%', marginBlockStart: 4 }} value={wish.most} onChange={(most) => setWish({ ...wish, most: most ?? 256 })} />
    </Panel>
  )
}
