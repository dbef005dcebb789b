import { keepPreviousData, useMutation, useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query'
import { useMemo } from 'react'
import { ApiError, api } from '../shared/api'
import { fill, plural, useLanguage, type Values } from '../shared/language'
import { formatMoney } from '../shared/money'
import type { Money, Session } from '../shared/types'
import { en, zh, type Key } from './messages'

/** Messages, numbers, money and times in the chosen language. */
export function useText() {
  const { language, locale } = useLanguage()
  return useMemo(() => {
    const table: Record<Key, string> = language === 'zh' ? zh : en
    const short = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' })
    const day = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' })
    return {
      t: (key: Key, values?: Values) => fill(table[key], values),
      n: (key: Key, count: number) => plural(table, key, count, locale),
      number: (value: number | null | undefined, digits = 0) => (value === null || value === undefined ? '–' : new Intl.NumberFormat(locale, { maximumFractionDigits: digits }).format(value)),
      compact: (value: number) => new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 }).format(value),
      money: (value: Money | null | undefined) => (value ? formatMoney(value, locale) : '–'),
      time: (iso: string | null | undefined) => (iso ? short.format(new Date(iso)) : '–'),
      date: (iso: string | null | undefined) => (iso ? day.format(new Date(iso)) : '–'),
      locale,
    }
  }, [language, locale])
}

/** A GET that is repeated while the page is open, where `every` milliseconds are given. */
export function useGet<T>(path: string, every?: number): UseQueryResult<T> {
  return useQuery<T, Error, T, string[]>({ queryKey: [path], queryFn: ({ signal }) => api<T>(path, { signal }), refetchInterval: every, placeholderData: keepPreviousData })
}

export function useSession() {
  return useQuery({
    queryKey: ['session'],
    queryFn: async ({ signal }) => {
      try {
        return await api<Session>('/v1/session', { signal })
      } catch (error) {
        if (error instanceof ApiError && (error.status === 401 || error.status === 403)) return null
        throw error
      }
    },
    staleTime: 300_000,
  })
}

/** A change on the server; what the listed addresses showed is fetched again. */
export function useChange<In, Out>(run: (input: In) => Promise<Out>, touched: string[]) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: run,
    onSuccess: () => client.invalidateQueries({ predicate: (query) => touched.some((path) => String(query.queryKey[0]).startsWith(path)) }),
  })
}

/** What went wrong, in words for a person. */
export function useProblem() {
  const { t } = useText()
  return (error: unknown): string => {
    if (error instanceof ApiError && error.status === 0) return t('errorUnreachable')
    if (error instanceof ApiError && error.status === 403) return `${t('denied')} ${error.message}`
    return error instanceof Error ? error.message : String(error)
  }
}
