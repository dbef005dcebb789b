import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { BrowserRouter } from 'react-router'
import { ApiError } from '../shared/api'
import { LanguageProvider } from '../shared/language'
import { AnnounceProvider } from './context'
import { Shop } from './Shop'
import './store.css'

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 60_000,
      refetchOnWindowFocus: false,
      retry: (count, error) => count < 2 && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
      retryDelay: (attempt) => 400 * 2 ** attempt,
    },
  },
})

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <LanguageProvider>
        <AnnounceProvider>
          <BrowserRouter basename="/store">
            <Shop />
          </BrowserRouter>
        </AnnounceProvider>
      </LanguageProvider>
    </QueryClientProvider>
  </StrictMode>,
)
