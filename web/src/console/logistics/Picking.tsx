import { Segmented } from 'antd'
import { useState } from 'react'
import { api } from '../../shared/api'
import { useChange, useProblem, useText } from '../context'
import { Rows } from '../Rows'
import { Lanes, color } from '../draw'
import { Failure, Nothing, Opener, Panel } from '../states'
import { Aisles, type Block, type Spot } from './Aisles'
import { Problem } from './Problem'
import { BATCHES, WALK, WAVE } from './examples'
import { taken, total, waveOf, type WaveProblem } from './tables'

const KINDS = ['walk', 'batches', 'wave'] as const
type Kind = (typeof KINDS)[number]

/** What pickers do: one walk, orders put together for a cart, orders chosen for a wave. */
export function Picking() {
  const { t } = useText()
  const [kind, setKind] = useState<Kind>('walk')
  return (
    <>
      <Segmented<Kind> aria-label={t('pickKind')} value={kind} onChange={setKind} options={[{ value: 'walk', label: t('pickWalk') }, { value: 'batches', label: t('pickBatches') }, { value: 'wave', label: t('pickWave') }]} style={{ marginBlockEnd: 12 }} />
      <div hidden={kind !== 'walk'}><Walk /></div>
      <div hidden={kind !== 'batches'}><Batches /></div>
      <div hidden={kind !== 'wave'}><Wave /></div>
    </>
  )
}

interface Walked { metres: number; picks: string[]; path: Spot[] }
interface WalkAsked { block: Block; picks: { id: string; aisle: number; at_m: number }[] }

/** Ask for the shortest walk, and where its picks lie in its order. */
async function walk(problem: WalkAsked) {
  const found = await api<Walked>('/v1/warehouse/walks', { method: 'POST', json: { problem } })
  const places = new Map(problem.picks.map((one) => [String(one.id), [one.aisle, one.at_m] as Spot]))
  return { block: problem.block, metres: found.metres, path: found.path, picks: found.picks.map((id) => ({ id: String(id), at: places.get(String(id)) ?? ([0, 0] as Spot) })) }
}

function Walk() {
  const { t, number } = useText()
  const plan = useChange((problem: unknown) => walk(problem as WalkAsked), [])
  const found = plan.data
  return (
    <>
      <Problem title={t('walkTitle')} help={t('walkHelp')} example={WALK} go={t('walkGo')} busy={plan.isPending} error={plan.error} submit={(problem) => plan.mutate(problem)} />
      {!found && !plan.isPending && <Panel><Nothing text={t('walkEmpty')} /></Panel>}
      {found && (
        <>
          <dl className="figures">
            <div className="figure"><dt>{t('walkMetres')}</dt><dd><bdi>{number(found.metres, 1)} m</bdi></dd></div>
            <div className="figure"><dt>{t('walkPicks')}</dt><dd>{number(found.picks.length)}</dd></div>
          </dl>
          <Panel title={t('walkAisles')}><Aisles key={JSON.stringify(found.path)} {...found} /><Turns picks={found.picks} /></Panel>
        </>
      )}
    </>
  )
}

function Turns({ picks }: { picks: { id: string; at: Spot }[] }) {
  const { t, number } = useText()
  return (
    <Rows label={t('walkOrder')} rows={picks.map((pick, at) => ({ id: pick.id, turn: at + 1, aisle: pick.at[0], metres: pick.at[1] }))}
      columns={[[t('walkTurn'), (row) => number(row.turn), true], [t('walkPick'), (row) => row.id], [t('walkAisle'), (row) => number(row.aisle), true], [t('walkFront'), (row) => <bdi>{number(row.metres, 1)} m</bdi>, true]]} />
  )
}

interface Batch { orders: string[]; metres: number; load: number }
interface Batched { metres: number; bound: number; gap: number; first_come_metres: number; savings_metres: number; batches: Batch[] }
interface BatchAsked { block: Block; walk?: string; cart: number; orders: { id: string; picks: Spot[] }[] }

function Batches() {
  const { t, number } = useText()
  const problem = useProblem()
  const plan = useChange(async ({ asked, seconds }: { asked: unknown; seconds: number }) => ({ asked: asked as BatchAsked, found: await api<Batched>('/v1/warehouse/batches', { method: 'POST', json: { problem: asked, seconds } }) }), [])
  const [chosen, setChosen] = useState(0)
  const shown = useChange(({ asked, batch }: { asked: BatchAsked; batch: Batch }) => {
    const orders = asked.orders.filter((one) => batch.orders.map(String).includes(String(one.id)))
    return walk({ block: asked.block, picks: orders.flatMap((one) => one.picks.map(([aisle, at_m], at) => ({ id: `${one.id} · ${at + 1}`, aisle, at_m }))) })
  }, [])
  const submit = (asked: unknown, seconds: number) => { shown.reset(); plan.mutate({ asked, seconds }) }
  const data = plan.data
  let walked = 0
  const lanes = data?.found.batches.map((one, at) => {
    const from = walked
    walked += one.metres
    return { name: t('batchNumber', { number: number(at + 1) }), spans: [{ from, to: walked, title: t('batchSpan', { orders: one.orders.join(', '), metres: number(one.metres, 1) }) }] }
  }) ?? []
  const show = (at: number) => { const batch = data?.found.batches[at]; if (data && batch) { setChosen(at); shown.mutate({ asked: data.asked, batch }) } }
  return (
    <>
      <Problem title={t('batchTitle')} help={t('batchHelp')} example={BATCHES} go={t('batchGo')} seconds={3} busy={plan.isPending} error={plan.error} submit={submit} />
      {!data && !plan.isPending && <Panel><Nothing text={t('batchEmpty')} /></Panel>}
      {data && (
        <>
          <dl className="figures">
            <div className="figure"><dt>{t('walkMetres')}</dt><dd><bdi>{number(data.found.metres, 1)} m</bdi></dd></div>
            <div className="figure"><dt>{t('berthBound')}</dt><dd><bdi>{number(data.found.bound, 1)} m</bdi></dd></div>
            <div className="figure"><dt>{t('batchFirst')}</dt><dd><bdi>{number(data.found.first_come_metres, 1)} m</bdi></dd></div>
            <div className="figure"><dt>{t('batchSavings')}</dt><dd><bdi>{number(data.found.savings_metres, 1)} m</bdi></dd></div>
          </dl>
          <Panel title={t('batchLine')}>
            <Lanes lanes={lanes} label={t('batchSummary', { batches: number(lanes.length), metres: number(walked, 1) })} format={(value) => `${number(value)} m`} />
            <Rows label={t('batchLine')} rows={data.found.batches.map((one, at) => ({ ...one, at }))} columns={[
              [t('batchName'), (row) => <Opener open={() => show(row.at)}>{t('batchShow', { number: number(row.at + 1) })}</Opener>],
              [t('batchOrders'), (row) => row.orders.join(', ')],
              [t('batchLoad'), (row) => <bdi>{number(row.load)} / {number(data.asked.cart)}</bdi>, true],
              [t('walkMetres'), (row) => <bdi>{number(row.metres, 1)} m</bdi>, true],
            ]} />
          </Panel>
          {shown.error && <Failure error={new Error(problem(shown.error))} />}
          {shown.data && (
            <Panel title={t('batchWalk', { number: number(chosen + 1) })}>
              {data.asked.walk === 's_shape' && <p role="note">{t('batchShape')}</p>}
              <Aisles key={JSON.stringify(shown.data.path)} {...shown.data} />
              <Turns picks={shown.data.picks} />
            </Panel>
          )}
        </>
      )}
    </>
  )
}

interface Waved { value: number; bound: number; is_proven: boolean; orders: number[]; aisles: number[] }

function Wave() {
  const { t } = useText()
  const plan = useChange(async ({ problem, seconds }: { problem: unknown; seconds: number }): Promise<{ asked: WaveProblem; found: Waved }> => {
    const found = await api<Waved>('/v1/warehouse/waves', { method: 'POST', json: { problem, seconds } })
    return { asked: waveOf(problem), found }
  }, [])
  const data = plan.data
  return (
    <>
      <Problem title={t('waveTitle')} help={t('waveHelp')} example={WAVE} go={t('waveGo')} seconds={5} table busy={plan.isPending} error={plan.error} submit={(problem, seconds) => plan.mutate({ problem, seconds })} />
      {!data && !plan.isPending && <Panel><Nothing text={t('waveEmpty')} /></Panel>}
      {data && <Chosen {...data} />}
    </>
  )
}

/** A wave: its orders one after the other by units, and what each visited aisle gives. */
function Chosen({ asked, found }: { asked: WaveProblem; found: Waved }) {
  const { t, number } = useText()
  let units = 0
  const orders = found.orders.map((order) => {
    const from = units
    units += total(asked.orders[order] ?? {})
    return { order, from, to: units }
  })
  const gives = taken(asked, found.orders, found.aisles)
  const items = [...new Set(gives.flatMap((one) => Object.keys(one)))]
  let begun = 0
  const lanes = [
    { name: t('waveOrders'), spans: orders.map((one, at) => ({ from: one.from, to: one.to, shade: 6 + (at % 2), title: t('waveSpan', { order: number(one.order), units: number(one.to - one.from) }) })) },
    ...found.aisles.map((aisle, at) => ({
      name: t('waveAisle', { aisle: number(aisle) }),
      spans: Object.entries(gives[at] ?? {}).map(([item, count]) => { const from = begun; begun += count; return { from, to: begun, shade: items.indexOf(item), title: t('waveGives', { item, units: number(count) }) } }),
    })),
  ]
  const rest = asked.orders.length - found.orders.length
  return (
    <>
      <dl className="figures">
        <div className="figure"><dt>{t('waveValue')}</dt><dd>{number(found.value, 2)}</dd></div>
        <div className="figure"><dt>{t('waveBound')}</dt><dd>{number(found.bound, 2)}</dd></div>
        <div className="figure"><dt>{t('waveUnits')}</dt><dd>{number(units)}</dd></div>
        <div className="figure"><dt>{t('waveProven')}</dt><dd>{t(found.is_proven ? 'waveYes' : 'waveNo')}</dd></div>
      </dl>
      <Panel title={t('waveLine')}>
        <Lanes lanes={lanes} label={t('waveSummary', { orders: number(found.orders.length), units: number(units), aisles: number(found.aisles.length) })} format={(value) => number(value)} />
        <ul className="legend">{items.map((item, at) => <li key={item}><i style={{ background: color(at) }} />{item}</li>)}</ul>
        <p className="quiet">{t('waveRest', { count: number(rest), least: number(asked.least ?? 0), most: number(asked.most) })}</p>
        <Rows label={t('waveLine')} rows={orders} columns={[[t('waveOrder'), (row) => number(row.order), true], [t('waveUnits'), (row) => number(row.to - row.from), true], [t('waveItems'), (row) => Object.entries(asked.orders[row.order] ?? {}).map(([item, count]) => `${item} × ${number(count)}`).join(', ')]]} />
      </Panel>
      <Panel title={t('waveAisles')}>
        <Rows label={t('waveAisles')} rows={found.aisles.map((aisle, at) => ({ aisle, gives: gives[at] ?? {} }))} columns={[[t('walkAisle'), (row) => number(row.aisle), true], [t('waveUnits'), (row) => number(total(row.gives)), true], [t('waveItems'), (row) => Object.entries(row.gives).map(([item, count]) => `${item} × ${number(count)}`).join(', ') || '–']]} />
      </Panel>
    </>
  )
}
