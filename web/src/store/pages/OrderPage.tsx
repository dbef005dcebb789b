import { useQuery } from '@tanstack/react-query'
import { Link, useLocation, useParams } from 'react-router'
import { api } from '../../shared/api'
import type { Order } from '../../shared/types'
import { useText } from '../context'
import type { Key } from '../messages'
import { productPath } from '../paths'
import { Problem, Waiting, useTitle } from '../states'

const STATUS: Record<Order['status'], Key> = { paid: 'statusPaid', payment_failed: 'statusPaymentFailed', cancelled: 'statusCancelled' }

export function Status({ order }: { order: Order }) {
  const { t } = useText()
  return <span className={order.status === 'paid' ? 'stock' : 'stock gone'}>{t(STATUS[order.status])}</span>
}

export default function OrderPage() {
  const { t, time } = useText()
  const id = useParams().id ?? ''
  const placed = (useLocation().state as { placed?: boolean } | null)?.placed
  const order = useQuery({ queryKey: ['order', id], queryFn: ({ signal }) => api<Order>(`/v1/storefront/orders/${encodeURIComponent(id)}`, { signal }) })
  useTitle(order.data ? t('orderTitle', { number: order.data.number }) : undefined)
  if (order.isPending) return <Waiting />
  if (order.error) return <Problem error={order.error} retry={() => void order.refetch()} />
  return (
    <div className="page narrow">
      {placed && <p className="thanks" role="status">{t('orderThanks')}</p>}
      <h1 className="page-title">{t('orderTitle', { number: order.data.number })}</h1>
      <p><Status order={order.data} /> <span className="quiet">{t('orderPlaced', { date: time(order.data.placed_at) })}</span></p>
      <Bill order={order.data} />
      <p className="quiet">{t('confirmationTo', { email: order.data.email })}</p>
      {order.data.payment.reference && <p className="quiet">{t('paymentReference', { reference: order.data.payment.reference })}</p>}
      <p><Link className="button plain" to="/">{t('toShop')}</Link></p>
    </div>
  )
}

function Bill({ order }: { order: Order }) {
  const { t, money, number } = useText()
  return (
    <table className="bill">
      <thead><tr><th scope="col">{t('product')}</th><th scope="col">{t('quantity')}</th><th scope="col">{t('price')}</th><th scope="col">{t('total')}</th></tr></thead>
      <tbody>
        {order.items.map((item) => (
          <tr key={item.product_id}>
            <td><Link to={productPath(item.product_id)}>{item.title}</Link></td>
            <td>{number(item.quantity)}</td>
            <td>{money(item.unit_price)}</td>
            <td>{money(item.total)}</td>
          </tr>
        ))}
      </tbody>
      <tfoot><tr><th scope="row" colSpan={3}>{t('total')}</th><td>{money(order.total)}</td></tr></tfoot>
    </table>
  )
}
