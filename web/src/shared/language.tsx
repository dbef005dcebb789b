import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from 'react'

export type Language = 'en' | 'zh'
export type Values = Record<string, string | number>

interface LanguageState { language: Language; locale: string; setLanguage: (language: Language) => void }

const Context = createContext<LanguageState | null>(null)
const KEY = 'yunqi.language'

function remembered(): Language {
  try {
    const chosen = localStorage.getItem(KEY)
    if (chosen === 'en' || chosen === 'zh') return chosen
  } catch {
    // Storage may be forbidden: the browser's own language decides.
  }
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en'
}

/** Holds the chosen language, remembers it, and tells the document. */
export function LanguageProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState<Language>(remembered)
  const locale = language === 'zh' ? 'zh-CN' : 'en-US'
  useEffect(() => {
    document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en'
    try {
      localStorage.setItem(KEY, language)
    } catch {
      // Not remembered then.
    }
  }, [language])
  const state = useMemo(() => ({ language, locale, setLanguage }), [language, locale])
  return <Context.Provider value={state}>{children}</Context.Provider>
}

export function useLanguage(): LanguageState {
  const state = useContext(Context)
  if (!state) throw new Error('useLanguage needs a LanguageProvider above it')
  return state
}

/** Puts values into the {places} of a message. */
export function fill(message: string, values: Values = {}): string {
  return message.replace(/\{(\w+)\}/g, (place, name: string) => String(values[name] ?? place))
}

/** A message for a count: the key with "One" is used where the language's plural rule says so. */
export function plural<K extends string>(table: Record<K, string>, key: K, count: number, locale: string, values: Values = {}): string {
  const one = `${key}One` as K
  const chosen = new Intl.PluralRules(locale).select(count) === 'one' && one in table ? one : key
  return fill(table[chosen], { count: new Intl.NumberFormat(locale).format(count), ...values })
}
