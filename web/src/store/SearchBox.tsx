import { useQuery } from '@tanstack/react-query'
import { useEffect, useId, useRef, useState, type FormEvent, type KeyboardEvent } from 'react'
import { useLocation, useNavigate } from 'react-router'
import { api, query } from '../shared/api'
import type { Suggestion } from '../shared/types'
import { CloseIcon, SearchIcon } from './icons'
import { useText } from './context'
import { categoryPath, names } from './paths'

const PAUSE = 120

function useSuggestions(text: string) {
  const [settled, setSettled] = useState(text)
  useEffect(() => {
    const timer = window.setTimeout(() => setSettled(text), PAUSE)
    return () => window.clearTimeout(timer)
  }, [text])
  const q = settled.trim()
  return useQuery({
    queryKey: ['suggest', q],
    queryFn: ({ signal }) => api<{ suggestions: Suggestion[] }>(`/v1/storefront/suggest${query({ q })}`, { signal }),
    enabled: q.length > 0,
    placeholderData: (previous) => previous,
    retry: false,
  })
}

function target(suggestion: Suggestion): string {
  if (suggestion.kind === 'product' && suggestion.id) return `/p/${encodeURIComponent(suggestion.id)}`
  if (suggestion.kind === 'category' && suggestion.id) return categoryPath(suggestion.id)
  return `/search${query({ q: suggestion.text })}`
}

/** Walks through the options and the field itself (-1), round and round. */
function wrap(index: number, count: number): number {
  if (index >= count) return -1
  return index < -1 ? count - 1 : index
}

/** The categories above a suggested category: two of the same name can be told apart. */
function where(suggestion: Suggestion): string {
  return suggestion.kind === 'category' ? names(suggestion.id ?? '').slice(0, -1).join(' › ') : ''
}

const KINDS = { query: 'kindQuery', category: 'kindCategory', product: 'kindProduct' } as const

/** The search field with its suggestions: the combobox pattern of WAI-ARIA, focus stays in the field. */
export function SearchBox() {
  const { t, n } = useText()
  const navigate = useNavigate()
  const location = useLocation()
  const id = useId()
  const field = useRef<HTMLInputElement>(null)
  const [text, setText] = useState('')
  const [open, setOpen] = useState(false)
  const [active, setActive] = useState(-1)
  const data = useSuggestions(text).data
  const found = text.trim() ? (data?.suggestions ?? []).slice(0, 9) : []
  const shown = open && found.length > 0

  useEffect(() => {
    setText(new URLSearchParams(location.search).get('q') ?? '')
    setOpen(false)
  }, [location])

  const go = (to: string) => {
    setOpen(false)
    setActive(-1)
    navigate(to)
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const chosen = shown ? found[active] : undefined
    if (chosen) go(target(chosen))
    else if (text.trim()) go(`/search${query({ q: text.trim() })}`)
  }
  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault()
      const step = event.key === 'ArrowDown' ? 1 : -1
      setOpen(true)
      if (found.length) setActive(wrap(active + step, found.length))
    } else if (event.key === 'Escape') {
      if (shown) setOpen(false)
      else setText('')
      setActive(-1)
    }
  }

  return (
    <form className="search" role="search" onSubmit={submit} onBlur={(event) => !event.currentTarget.contains(event.relatedTarget) && setOpen(false)}>
      <label className="hidden-text" htmlFor={`${id}-field`}>{t('searchLabel')}</label>
      <input
        ref={field}
        id={`${id}-field`}
        type="text"
        role="combobox"
        inputMode="search"
        enterKeyHint="search"
        autoComplete="off"
        maxLength={200}
        placeholder={t('searchPlaceholder')}
        aria-expanded={shown}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={shown && active >= 0 ? `${id}-${active}` : undefined}
        value={text}
        onChange={(event) => {
          setText(event.target.value)
          setOpen(true)
          setActive(-1)
        }}
        onKeyDown={onKey}
      />
      {text && (
        <button type="button" className="search-clear" aria-label={t('clear')} onClick={() => { setText(''); field.current?.focus() }}><CloseIcon /></button>
      )}
      <button type="submit" className="search-go" aria-label={t('search')}><SearchIcon /></button>
      <div className="hidden-text" role="status">{shown ? n('suggestionsFound', found.length) : ''}</div>
      <ul id={`${id}-list`} role="listbox" aria-label={t('suggestions')} className="suggestions" hidden={!shown}>
        {found.map((suggestion, index) => (
          <li
            key={`${suggestion.kind} ${suggestion.id ?? suggestion.text}`}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === active}
            onPointerDown={(event) => event.preventDefault()}
            onPointerMove={() => setActive(index)}
            onClick={() => go(target(suggestion))}
          >
            <span className="suggestion-text">{suggestion.text}</span>
            <span className="quiet">{where(suggestion) || t(KINDS[suggestion.kind])}</span>
          </li>
        ))}
      </ul>
    </form>
  )
}
