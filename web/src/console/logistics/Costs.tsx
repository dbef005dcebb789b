import { Alert, Button } from 'antd'
import { useState } from 'react'
import { api } from '../../shared/api'
import { useChange, useProblem, useText } from '../context'
import type { Key } from '../messages'
import { Go, Nothing, Panel } from '../states'
import { Paste } from './Paste'
import { DUTIES, GOODS } from './examples'

interface Cost { name: string; amount: number; because: string }
interface Landed { currency: string; total: number; costs: Cost[]; table: { sha256: string } }
interface Good { code: string; origin: string }
interface Shipment { goods: Good[]; day?: string; destination?: string }

const NAMES: Record<string, Key> = { goods: 'costGoods', freight: 'costFreight', insurance: 'costInsurance', duty: 'costDuty', tax: 'costTax' }

/** What goods cost at the door, line by line from the merchant's own duty table. */
export function Costs() {
  const { t } = useText()
  const problem = useProblem()
  const [goods, setGoods] = useState('')
  const [duties, setDuties] = useState('')
  const reckon = useChange(async () => {
    let shipment: unknown
    try {
      shipment = JSON.parse(goods)
    } catch (cause) {
      throw new Error(t('logNotJson', { message: cause instanceof Error ? cause.message : String(cause) }), { cause })
    }
    return { shipment: shipment as Shipment, found: await api<Landed>('/v1/customs/landed-costs', { method: 'POST', json: { shipment, duties } }) }
  }, [])
  const fill = () => { setGoods(JSON.stringify(GOODS, null, 1)); setDuties(DUTIES) }
  return (
    <>
      <Panel title={t('costTitle')} extra={<Button size="small" onClick={fill}>{t('logExample')}</Button>}>
        <p className="quiet">{t('costHelp')}</p>
        <div className="grid">
          <Paste label={t('costShipment')} hint={t('costShipmentHint')} value={goods} accept=".json,application/json" change={setGoods} />
          <Paste label={t('costTable')} hint={t('costTableHint')} value={duties} accept=".csv,text/csv" change={setDuties} />
        </div>
        <div className="tools" style={{ marginBlockStart: 12 }}><Go text={t('costGo')} busy={reckon.isPending} type="primary" disabled={!goods.trim() || !duties.trim()} onClick={() => reckon.mutate(undefined)} /></div>
        {reckon.error && <Alert type="error" role="alert" showIcon title={problem(reckon.error)} />}
      </Panel>
      {reckon.data ? <Receipt {...reckon.data} /> : !reckon.isPending && <Panel><Nothing text={t('costEmpty')} /></Panel>}
    </>
  )
}

function Receipt({ shipment, found }: { shipment: Shipment; found: Landed }) {
  const { t, number, money } = useText()
  const pay = (amount: number) => money({ amount_minor: amount, currency: found.currency })
  const named = ({ name }: Cost) => {
    const [kind = '', at] = name.split(' ')
    const good = at ? shipment.goods[Number(at) - 1] : undefined
    const word = NAMES[kind] ? t(NAMES[kind]) : kind
    return good ? t('costOf', { what: word, number: number(Number(at)), code: good.code, origin: good.origin }) : word
  }
  return (
    <Panel title={t('costReceipt')}>
      <table className="receipt" aria-label={t('costReceipt')}>
        <thead><tr><th scope="col">{t('costWhat')}</th><th scope="col">{t('costBecause')}</th><th scope="col" className="end">{t('costAmount')}</th></tr></thead>
        <tbody>{found.costs.map((one) => <tr key={one.name}><th scope="row">{named(one)}</th><td dir="auto">{one.because}</td><td className="end">{pay(one.amount)}</td></tr>)}</tbody>
        <tfoot><tr><th scope="row">{t('costTotal')}</th><td>{t('costWhen', { day: shipment.day ?? '–', country: shipment.destination ?? '–' })}</td><td className="end">{pay(found.total)}</td></tr></tfoot>
      </table>
      <p className="quiet">{t('costVersion')} <bdi className="mono" title={found.table.sha256}>{found.table.sha256.slice(0, 12)}</bdi></p>
    </Panel>
  )
}
