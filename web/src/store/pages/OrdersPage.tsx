import { useQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import { api } from '../../shared/api'
import type { Order } from '../../shared/types'
import { useText } from '../context'
import { Empty, Problem, Waiting, useTitle } from '../states'
import { Status } from './OrderPage'

export default function OrdersPage() {
  const { t, n, time, money } = useText()
  useTitle(t('ordersTitle'))
  const orders = useQuery({ queryKey: ['orders'], queryFn: ({ signal }) => api<{ orders: Order[] }>('/v1/storefront/orders', { signal }), staleTime: 0 })
  if (orders.isPending) return <Waiting />
  if (orders.error) return <Problem error={orders.error} retry={() => void orders.refetch()} />
  if (!orders.data.orders.length) return <Empty art="receipt" title={t('ordersEmptyTitle')} text={t('ordersEmptyText')} action={t('startShopping')} heading={1} />
  return (
    <div className="page narrow">
      <h1 className="page-title">{t('ordersTitle')}</h1>
      <ul className="orders">
        {orders.data.orders.map((order) => (
          <li key={order.id}>
            <div><Link to={`/orders/${encodeURIComponent(order.id)}`}>{t('orderTitle', { number: order.number })}</Link><p className="quiet">{time(order.placed_at)} · {n('products', order.items.reduce((sum, item) => sum + item.quantity, 0))}</p></div>
            <Status order={order} />
            <strong>{money(order.total)}</strong>
          </li>
        ))}
      </ul>
    </div>
  )
}
