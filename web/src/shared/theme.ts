import { useEffect, useState } from 'react'

export type Theme = 'light' | 'dark'
const KEY = 'yunqi.theme'
const system = () => window.matchMedia('(prefers-color-scheme: dark)')

function chosen(): Theme | null {
  const theme = document.documentElement.dataset.theme
  return theme === 'light' || theme === 'dark' ? theme : null
}

/** The theme in force, and a way to choose one; until one is chosen, the system's preference decides. */
export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState<Theme>(() => chosen() ?? (system().matches ? 'dark' : 'light'))
  useEffect(() => {
    const media = system()
    const follow = () => setTheme(chosen() ?? (media.matches ? 'dark' : 'light'))
    media.addEventListener('change', follow)
    return () => media.removeEventListener('change', follow)
  }, [])
  const choose = (next: Theme) => {
    document.documentElement.dataset.theme = next
    try {
      localStorage.setItem(KEY, next)
    } catch {
      // Not remembered then.
    }
    setTheme(next)
  }
  return [theme, choose]
}
