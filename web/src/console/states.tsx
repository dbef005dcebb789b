import { Alert, Button, Empty, Skeleton, type ButtonProps } from 'antd'
import type { ReactNode } from 'react'
import type { UseQueryResult } from '@tanstack/react-query'
import { ApiError } from '../shared/api'
import { useProblem, useText } from './context'

export function Waiting() {
  const { t } = useText()
  return <div className="waiting" role="status"><span className="hidden-text">{t('loading')}</span><Skeleton active title paragraph={{ rows: 6 }} /></div>
}

export function Failure({ error, retry }: { error: Error; retry?: () => void }) {
  const { t } = useText()
  const problem = useProblem()
  const id = error instanceof ApiError ? error.requestId : null
  const button = retry && <Button size="small" onClick={retry}>{t('retry')}</Button>
  return <Alert type="error" showIcon role="alert" title={t('errorTitle')} description={<>{problem(error)}{id && <div>{t('errorRequest', { id })}</div>}</>} action={button} />
}

/** The page's title, what it is for, and its buttons. */
export function Title({ title, help, actions }: { title: string; help?: string; actions?: ReactNode }) {
  return (
    <div className="title">
      <div><h1>{title}</h1>{help && <p className="quiet">{help}</p>}</div>
      {actions && <div className="title-actions">{actions}</div>}
    </div>
  )
}

/** What a query brought: its skeleton, its failure, or its content. Older content stays while newer is fetched. */
export function Loaded<T>({ query, children }: { query: UseQueryResult<T>; children: (data: T) => ReactNode }) {
  if (query.isPending) return <Waiting />
  if (query.error && query.data === undefined) return <Failure error={query.error} retry={() => void query.refetch()} />
  return (
    <>
      {query.error && <Failure error={query.error} retry={() => void query.refetch()} />}
      {query.data !== undefined && children(query.data)}
    </>
  )
}

export function Panel({ title, extra, children, className }: { title?: string; extra?: ReactNode; children: ReactNode; className?: string }) {
  return (
    <section className={`panel ${className ?? ''}`} aria-label={title}>
      {title && <div className="panel-head"><h2>{title}</h2>{extra}</div>}
      {children}
    </section>
  )
}

/** A button that starts work. Its name stays its text: the spinner may outlive a short answer, and would be read out as part of the name. */
export const Go = ({ text, busy, ...rest }: { text: string; busy: boolean } & ButtonProps) => <Button {...rest} loading={busy} aria-busy={busy} aria-label={text}>{text}</Button>

export const Nothing = ({ text }: { text: string }) => <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={text} />

type Mood = 'good' | 'busy' | 'warn' | 'bad' | 'calm'
const MOODS: Record<string, Mood> = {
  ok: 'good', ready: 'good', done: 'good', published: 'good', production: 'good', in_stock: 'good', active: 'good', paid: 'good',
  running: 'busy', loading: 'busy', candidate: 'busy', exploration: 'busy', degraded: 'warn', sponsored: 'warn', failed: 'bad', down: 'bad', broken: 'bad',
}

/** A state as a word on its colour; the word alone tells it as well. */
export function State({ state, text }: { state: string; text?: string }) {
  return <span className={`mood ${MOODS[state] ?? 'calm'}`}>{text ?? state.replaceAll('_', ' ')}</span>
}

/** Anything from the server as readable text; it never becomes HTML. */
export function Json({ value }: { value: unknown }) {
  return <pre className="json" tabIndex={0}>{JSON.stringify(value, null, 2)}</pre>
}

/** A link that opens something on this page, and is therefore a button. */
export function Opener({ open, children }: { open: () => void; children: ReactNode }) {
  return <button type="button" className="opener" onClick={open}>{children}</button>
}
