import { Suspense, lazy, useEffect, useRef } from 'react'
import { Route, Routes, useLocation } from 'react-router'
import { Footer } from './Footer'
import { Header } from './Header'
import { HomePage } from './pages/HomePage'
import { CategoryPage, SearchPage } from './pages/SearchPage'
import { ProductPage } from './pages/ProductPage'
import { useText } from './context'
import { NotFound, Waiting } from './states'

const BasketPage = lazy(() => import('./pages/BasketPage'))
const CheckoutPage = lazy(() => import('./pages/CheckoutPage'))
const OrderPage = lazy(() => import('./pages/OrderPage'))
const OrdersPage = lazy(() => import('./pages/OrdersPage'))
const AboutPage = lazy(() => import('./pages/AboutPage'))

/** Puts the reader at the top of a new page, with the focus where a screen reader starts to read. */
function useTopOfPage() {
  const { pathname } = useLocation()
  const first = useRef(true)
  useEffect(() => {
    if (first.current) {
      first.current = false
      return
    }
    window.scrollTo(0, 0)
    document.getElementById('main')?.focus({ preventScroll: true })
  }, [pathname])
}

export function Shop() {
  const { t } = useText()
  useTopOfPage()
  return (
    <>
      <a className="skip" href="#main">{t('skip')}</a>
      <Header />
      <main id="main" tabIndex={-1}>
        <Suspense fallback={<Waiting />}>
          <Routes>
            <Route path="/" element={<HomePage />} />
            <Route path="/search" element={<SearchPage />} />
            <Route path="/c/*" element={<CategoryPage />} />
            <Route path="/p/:id" element={<ProductPage />} />
            <Route path="/basket" element={<BasketPage />} />
            <Route path="/checkout" element={<CheckoutPage />} />
            <Route path="/orders" element={<OrdersPage />} />
            <Route path="/orders/:id" element={<OrderPage />} />
            <Route path="/about" element={<AboutPage />} />
            <Route path="*" element={<NotFound />} />
          </Routes>
        </Suspense>
      </main>
      <Footer />
    </>
  )
}
