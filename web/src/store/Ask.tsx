import { useEffect, useRef, useState, type FormEvent } from 'react'
import { ApiError, request } from '../shared/api'
import { events } from '../shared/sse'
import type { AnswerEvent, Product } from '../shared/types'
import { useText } from './context'

type Citation = Extract<AnswerEvent, { type: 'citation' }>
type Done = Extract<AnswerEvent, { type: 'done' }>
type Phase = 'idle' | 'waiting' | 'writing' | 'done' | 'stopped' | 'failed'

interface Answer { phase: Phase; text: string; citations: Citation[]; done: Done | null; problem: string }

const EMPTY: Answer = { phase: 'idle', text: '', citations: [], done: null, problem: '' }

function fold(answer: Answer, event: AnswerEvent): Answer {
  if (event.type === 'citation') return { ...answer, citations: [...answer.citations, event] }
  if (event.type === 'text') return { ...answer, phase: 'writing', text: answer.text + event.delta }
  if (event.type === 'done') return { ...answer, phase: 'done', done: event }
  return { ...answer, phase: 'failed', problem: event.message }
}

function useAnswer(productId: string) {
  const { t, language } = useText()
  const [answer, setAnswer] = useState(EMPTY)
  const running = useRef<AbortController | null>(null)
  useEffect(() => () => running.current?.abort(), [])

  const ask = async (question: string) => {
    running.current?.abort()
    const control = new AbortController()
    running.current = control
    setAnswer({ ...EMPTY, phase: 'waiting' })
    try {
      const json = { question, product_ids: [productId], language }
      const reply = await request('/v1/storefront/ask', { method: 'POST', json, signal: control.signal })
      for await (const event of events<AnswerEvent>(reply)) setAnswer((now) => fold(now, event))
      setAnswer((now) => (now.phase === 'waiting' || now.phase === 'writing' ? { ...now, phase: 'done' } : now))
    } catch (error) {
      if (control.signal.aborted) setAnswer((now) => ({ ...now, phase: 'stopped' }))
      else setAnswer((now) => ({ ...now, phase: 'failed', problem: error instanceof ApiError && error.status > 0 ? error.message : t('errorUnreachable') }))
    }
  }
  return { answer, ask, stop: () => running.current?.abort() }
}

/** Questions about the product on the page, answered from catalog facts that are shown beside the answer. */
export function Ask({ product }: { product: Product }) {
  const { t } = useText()
  const [question, setQuestion] = useState('')
  const { answer, ask, stop } = useAnswer(product.id)
  const busy = answer.phase === 'waiting' || answer.phase === 'writing'
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (question.trim() && !busy) void ask(question.trim())
  }
  const examples = [t('askExample1'), t('askExample2'), ...(product.promotions.length ? [t('askExample3')] : [])]
  return (
    <section className="ask" aria-labelledby="ask-title">
      <h2 id="ask-title">{t('askTitle')}</h2>
      <p className="quiet">{t('askIntro')}</p>
      <form onSubmit={submit}>
        <label className="hidden-text" htmlFor="ask-field">{t('askLabel')}</label>
        <input id="ask-field" value={question} maxLength={500} placeholder={t('askPlaceholder')} onChange={(event) => setQuestion(event.target.value)} />
        {busy ? (
          <button key="stop" type="button" className="button plain" onClick={stop}>{t('askStop')}</button>
        ) : (
          <button key="ask" type="submit" className="button" disabled={!question.trim()}>{t('ask')}</button>
        )}
      </form>
      {answer.phase === 'idle' && (
        <ul className="chips">
          {examples.map((example) => (
            <li key={example}><button type="button" className="chip" onClick={() => { setQuestion(example); void ask(example) }}>{example}</button></li>
          ))}
        </ul>
      )}
      <AnswerView answer={answer} />
    </section>
  )
}

function AnswerView({ answer }: { answer: Answer }) {
  const { t, number } = useText()
  const { phase, text, citations, done } = answer
  if (phase === 'idle') return null
  const origin = ({ model, usage, grounding }: Done) => {
    if (grounding === 'replaced') return t('askReplaced')
    if (usage.completion_tokens === 0) return t('askLooked')
    return t('askDone', { model, prompt: number(usage.prompt_tokens), completion: number(usage.completion_tokens) })
  }
  return (
    <div className="answer">
      {phase === 'waiting' && <p className="quiet pulse" role="status">{t('askThinking')}</p>}
      {text && <p className="answer-text" data-phase={phase} aria-live="polite" aria-busy={phase === 'writing'}>{text}</p>}
      {phase === 'done' && !text && <p role="status">{t('askEmpty')}</p>}
      {phase === 'stopped' && <p className="quiet" role="status">{t('askStopped')}</p>}
      {phase === 'failed' && <p className="field-error" role="alert">{t('askFailed')}: {answer.problem}</p>}
      {citations.length > 0 && (
        <details open={phase === 'done'}>
          <summary>{t('askSources')}</summary>
          {citations.map((citation) => (
            <div key={citation.product_id}>
              <p className="cited">{citation.title}</p>
              <ul>{citation.facts.map((fact) => <li key={fact}>{fact}</li>)}</ul>
            </div>
          ))}
        </details>
      )}
      {phase === 'done' && done && <p className="quiet small">{origin(done)}</p>}
    </div>
  )
}
