import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { BrowserRouter } from 'react-router'
import { ApiError } from '../shared/api'
import { LanguageProvider } from '../shared/language'
import { Console } from './Console'
import './console.css'

const client: QueryClient = new QueryClient({
  queryCache: new QueryCache({
    // A session that has ended shows the sign-in page, whatever page noticed it.
    onError: (error) => {
      if (error instanceof ApiError && error.status === 401) client.setQueryData(['session'], null)
    },
  }),
  defaultOptions: {
    queries: { staleTime: 5_000, retry: (count, error) => count < 2 && !(error instanceof ApiError && error.status >= 400 && error.status < 500) },
  },
})

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <LanguageProvider>
        <BrowserRouter basename="/console">
          <Console />
        </BrowserRouter>
      </LanguageProvider>
    </QueryClientProvider>
  </StrictMode>,
)
