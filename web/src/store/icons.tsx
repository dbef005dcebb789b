import type { ReactNode } from 'react'

function Icon({ children, size = 22 }: { children: ReactNode; size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true">
      {children}
    </svg>
  )
}

export const BasketIcon = () => <Icon><path d="M4 9h16l-1.6 9.2a2 2 0 0 1-2 1.8H7.6a2 2 0 0 1-2-1.800z" /><path d="M8.500 9 11 3.500M15.500 9 13 3.500M10 13v3.500M14 13v3.500" /></Icon>
export const OrdersIcon = () => <Icon><path d="M6 3.500h12V21l-3-2-3 2-3-2-3 2z" /><path d="M9.500 8.500h5M9.500 12.500h5" /></Icon>
export const SunIcon = () => <Icon><circle cx="12" cy="12" r="4" /><path d="M12 3v1.500M12 19.500V21M3 12h1.500M19.500 12H21M5.600 5.600l1.100 1.100M17.300 17.300l1.100 1.100M5.600 18.400l1.100-1.100M17.300 6.700l1.100-1.100" /></Icon>
export const MoonIcon = () => <Icon><path d="M19.500 14.500A8 8 0 0 1 9.500 4.500a8 8 0 1 0 10 10z" /></Icon>
export const SearchIcon = () => <Icon size={20}><circle cx="11" cy="11" r="6.500" /><path d="m16 16 4.500 4.500" /></Icon>
export const CloseIcon = () => <Icon size={18}><path d="m6 6 12 12M18 6 6 18" /></Icon>

/** The mark of Yunqi: a cloud at rest. */
export function Cloud() {
  return (
    <svg width="34" height="34" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="9" fill="var(--brand-mark)" />
      <path d="M9.500 21.500a4.500 4.500 0 0 1-.6-8.960 6.600 6.600 0 0 1 12.600-1.200A5.100 5.100 0 0 1 22.400 21.500z" fill="#fff" />
      <path d="M10 25h12" stroke="#8fe0bd" strokeWidth="2" strokeLinecap="round" />
    </svg>
  )
}
