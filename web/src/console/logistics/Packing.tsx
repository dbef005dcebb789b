import { Button, Select } from 'antd'
import { useMemo, useState, type KeyboardEvent } from 'react'
import { api } from '../../shared/api'
import { useChange, useText } from '../context'
import { Rows } from '../Rows'
import { color, useWidth } from '../draw'
import { Nothing, Panel } from '../states'
import { Problem } from './Problem'
import { PACKING } from './examples'
import { faces, painted, seen, type Placement, type View } from './geometry'

interface Packed { use: number; bound: number; bins: number; seconds: number; placements: Placement[]; left: { item: string; copies: number; reason: string }[] }
type Size = [number, number, number]

export function Packing() {
  const { t } = useText()
  const [asked, setAsked] = useState<unknown>()
  const pack = useChange(async ({ problem, seconds }: { problem: unknown; seconds: number }) => {
    const found = await api<Packed>('/v1/packings', { method: 'POST', json: { problem, seconds } })
    setAsked(problem)
    return found
  }, [])
  return (
    <>
      <Problem title={t('packTitle')} help={t('packHelp')} example={PACKING} go={t('packGo')} seconds={3} busy={pack.isPending} error={pack.error} submit={(problem, seconds) => pack.mutate({ problem, seconds })} />
      {pack.data ? <Result packed={pack.data} problem={asked} /> : !pack.isPending && <Panel><Nothing text={t('packEmpty')} /></Panel>}
    </>
  )
}

function Result({ packed, problem }: { packed: Packed; problem: unknown }) {
  const { t, number } = useText()
  const loads = useMemo(() => [...new Set(packed.placements.map((one) => `${one.bin} ${one.number}`))], [packed])
  const items = useMemo(() => [...new Set(packed.placements.map((one) => one.item))], [packed])
  const [chosen, setChosen] = useState('')
  const load = loads.includes(chosen) ? chosen : (loads[0] ?? '')
  const boxes = packed.placements.filter((one) => `${one.bin} ${one.number}` === load)
  const bins = (problem as { bins?: { id?: unknown; size?: unknown }[] } | undefined)?.bins ?? []
  const size = bins.find((one) => String(one.id) === boxes[0]?.bin)?.size
  const room: Size = Array.isArray(size) && size.length === 3 ? (size.map(Number) as Size) : [Math.max(...boxes.map((one) => one.x + one.dx)), Math.max(...boxes.map((one) => one.y + one.dy)), Math.max(...boxes.map((one) => one.z + one.dz))]
  return (
    <>
      <dl className="figures">
        <div className="figure"><dt>{t('packUse')}</dt><dd>{number(100 * packed.use, 1)} %</dd></div>
        <div className="figure"><dt>{t('packBound')}</dt><dd>{number(100 * packed.bound, 1)} %</dd></div>
        <div className="figure"><dt>{t('packBins')}</dt><dd>{number(packed.bins)}</dd></div>
        <div className="figure"><dt>{t('packPieces')}</dt><dd>{number(packed.placements.length)}</dd></div>
      </dl>
      {boxes.length > 0 && (
        <Panel title={t('packLoad')} extra={loads.length > 1 && <Select size="small" value={load} aria-label={t('packLoad')} options={loads.map((value) => ({ value, label: value }))} onChange={setChosen} />}>
          <Load boxes={boxes} room={room} items={items} />
          <ul className="legend">{items.map((item, at) => <li key={item}><i style={{ background: color(at) }} />{item} ({number(boxes.filter((one) => one.item === item).length)})</li>)}</ul>
        </Panel>
      )}
      {packed.left.length > 0 && (
        <Panel title={t('packLeft')}>
          <Rows label={t('packLeft')} rows={packed.left} columns={[[t('packItem'), (row) => row.item], [t('count'), (row) => number(row.copies), true], [t('logReason'), (row) => row.reason]]} />
        </Panel>
      )}
    </>
  )
}

const START: View = { yaw: 0.7, pitch: 0.5 }

/** One load seen from a point that the arrow keys move around it. */
function Load({ boxes, room, items }: { boxes: Placement[]; room: Size; items: string[] }) {
  const { t, number } = useText()
  const [ref, width] = useWidth()
  const [view, setView] = useState(START)
  const turn = (yaw: number, pitch: number) => setView((old) => ({ yaw: old.yaw + yaw, pitch: Math.min(1.4, Math.max(0.1, old.pitch + pitch)) }))
  const key = (event: KeyboardEvent) => {
    const moves: Record<string, [number, number]> = { ArrowLeft: [0.15, 0], ArrowRight: [-0.15, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1] }
    const move = moves[event.key]
    if (!move) return
    event.preventDefault()
    turn(...move)
  }
  const order = useMemo(() => painted(view, boxes), [view, boxes])
  const corners = [0, 1, 2, 3, 4, 5, 6, 7].map((n) => seen(view, n & 1 ? room[0] : 0, n & 2 ? room[1] : 0, n & 4 ? room[2] : 0))
  const edges = [[0, 1], [0, 2], [0, 4], [1, 3], [1, 5], [2, 3], [2, 6], [3, 7], [4, 5], [4, 6], [5, 7], [6, 7]] as const
  const reach = Math.hypot(...room) / 2
  const middle = seen(view, room[0] / 2, room[1] / 2, room[2] / 2)
  const height = Math.min(420, Math.max(240, width * 0.6))
  const box = `${middle.x - (reach * 1.05 * width) / height} ${middle.y - reach * 1.05} ${(2.1 * reach * width) / height} ${2.1 * reach}`
  return (
    <div ref={ref} className="drawing">
      <div className="tools">
        <Button size="small" aria-label={t('packTurnLeft')} onClick={() => turn(0.3, 0)}>↺</Button>
        <Button size="small" aria-label={t('packTurnRight')} onClick={() => turn(-0.3, 0)}>↻</Button>
        <span className="quiet">{t('packKeys')}</span>
      </div>
      {width > 0 && (
        <div className="load" tabIndex={0} role="application" aria-label={t('packSummary', { pieces: number(boxes.length), size: room.map((one) => number(one, 2)).join(' × ') })} onKeyDown={key}>
          <svg width={width} height={height} viewBox={box} data-yaw={view.yaw.toFixed(2)}>
            {edges.map(([a, b]) => <line key={`${a} ${b}`} className="edge" x1={corners[a]?.x} y1={corners[a]?.y} x2={corners[b]?.x} y2={corners[b]?.y} />)}
            {order.map((one) => faces(view, one).map((face) => <polygon key={`${one.x} ${one.y} ${one.z} ${face.shade}`} className="face" points={face.points} fill={`color-mix(in srgb, ${color(items.indexOf(one.item))} ${face.shade * 100}%, #101613)`}>{face.shade === 1 && <title>{`${one.item}: ${one.dx} × ${one.dy} × ${one.dz}`}</title>}</polygon>))}
          </svg>
        </div>
      )}
    </div>
  )
}
