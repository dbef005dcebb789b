import { useText } from '../context'
import { useWidth } from '../draw'
import { usePlay } from './Play'

export type Spot = [aisle: number, metres: number]
export interface Block { aisles: number; length_m: number; pitch_m: number; cross_m?: number[] }
interface AislesProps { block: Block; path: Spot[]; picks: { id: string; at: Spot }[]; metres: number }

const APART = 4

/** A picker's walk from above, front below: aisles run up, picks have their number in the walk; the two ways along an aisle stand apart. */
export function Aisles({ block, path, picks, metres }: AislesProps) {
  const { t, number } = useText()
  const [ref, width] = useWidth()
  const last = Math.max(0, path.length - 1)
  const { step, controls } = usePlay(last, 500)
  const gap = Math.min(130, (width - 60) / Math.max(1, block.aisles))
  const height = Math.min(420, Math.max(220, 7 * block.length_m))
  const x = (aisle: number) => 46 + (aisle + 0.5) * gap
  const y = (at: number) => height - 40 - ((height - 62) * at) / block.length_m
  const bars = [0, ...(block.cross_m ?? []), block.length_m]
  const legs = path.slice(1).map((to, at) => {
    const from = path[at] as Spot
    const up = Math.sign(to[1] - from[1]) * APART
    const across = from[0] === to[0] ? 0 : Math.sign(to[0] - from[0]) * APART
    return { x1: x(from[0]) + up, x2: x(to[0]) + up, y1: y(from[1]) - across, y2: y(to[1]) - across }
  })
  const here = path[step] ?? ([0, 0] as Spot)
  const half = Math.max(4, gap / 2 - 13)
  return (
    <div ref={ref} className="drawing">
      {controls}
      {width > 0 && (
        <svg width={Math.max(width, 1)} height={height} role="img" aria-label={t('walkSummary', { picks: number(picks.length), metres: number(metres, 1), aisles: number(block.aisles) })} data-step={step}>
          {Array.from({ length: block.aisles }, (_, aisle) => (
            <g key={aisle}>
              {bars.slice(1).map((to, at) => [-1, 1].map((side) => <rect key={`${at} ${side}`} className="shelf" x={x(aisle) + (side < 0 ? -12 - half : 12)} width={half} y={y(to) + 7} height={Math.max(2, y(bars[at] ?? 0) - y(to) - 14)} rx={2} />))}
              <text x={x(aisle)} y={height - 8} textAnchor="middle">{number(aisle)}</text>
            </g>
          ))}
          {bars.map((at) => <text key={at} x={38} y={y(at) + 4} textAnchor="end">{`${number(at, 1)} m`}</text>)}
          {legs.map((leg, at) => <line key={at} className={at < step ? 'walk walked' : 'walk'} {...leg} />)}
          {picks.map((pick, at) => (
            <g key={`${pick.id} ${at}`}>
              <title>{`${at + 1}. ${pick.id}`}</title>
              <circle className="pick" cx={x(pick.at[0])} cy={y(pick.at[1])} r={9} />
              <text className="on-bar" x={x(pick.at[0])} y={y(pick.at[1]) + 4} textAnchor="middle">{at + 1}</text>
            </g>
          ))}
          <circle className="picker" cx={x(here[0])} cy={y(here[1])} r={6} />
        </svg>
      )}
      <p className="quiet">{t('walkLegend')}</p>
    </div>
  )
}
