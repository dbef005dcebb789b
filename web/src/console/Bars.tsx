import { useText } from './context'

interface BarsProps { values: Record<string, number>; split?: boolean; label: string }

/** Numbers by name as bars, the largest first; with `split`, negative ones go the other way. */
export function Bars({ values, split = false, label }: BarsProps) {
  const { number } = useText()
  const rows = Object.entries(values).sort(([, a], [, b]) => Math.abs(b) - Math.abs(a))
  const most = Math.max(...rows.map(([, value]) => Math.abs(value)), 1e-9)
  return (
    <dl className="bars" aria-label={label}>
      {rows.map(([name, value]) => {
        const share = (Math.abs(value) / most) * (split ? 50 : 100)
        const start = split ? (value < 0 ? 50 - share : 50) : 0
        return (
          <div className="bar-row" key={name}>
            <dt title={name}>{name}</dt>
            <dd className={split ? 'bar-track split' : 'bar-track'} aria-hidden="true"><span className={value < 0 ? 'bar down' : 'bar'} style={{ insetInlineStart: `${start}%`, inlineSize: `${share}%` }} /></dd>
            <dd className="bar-value">{split && value > 0 ? '+' : ''}{number(value, 3)}</dd>
          </div>
        )
      })}
    </dl>
  )
}
