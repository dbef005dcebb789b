import { useEffect, useRef, useState, type RefObject } from 'react'

export const COLORS = ['#2f9e74', '#e0913b', '#5b8def', '#b06ad0', '#c9563f', '#3aa6b9', '#a08b2e', '#d0639a']
export const color = (index: number) => COLORS[index % COLORS.length] as string

/** The width of an element as it is now, so that drawings keep the size of their text at any width. */
export function useWidth(): [RefObject<HTMLDivElement | null>, number] {
  const ref = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(0)
  useEffect(() => {
    if (!ref.current) return
    const watch = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)))
    watch.observe(ref.current)
    return () => watch.disconnect()
  }, [])
  return [ref, width]
}

/** The largest of 1, 2, 5 times a power of ten that is not above `most`. */
export function nice(most: number): number {
  if (!(most > 0)) return 1
  const power = 10 ** Math.floor(Math.log10(most))
  return ([5, 2, 1].find((step) => step * power <= most) ?? 1) * power
}

/** Round marks from `low` to `high`, at most about `count`. */
export function ticks(low: number, high: number, count: number): number[] {
  const least = (high - low) / Math.max(1, count)
  const below = nice(least)
  const step = [1, 2, 2.5, 5, 10].map((times) => times * below).find((value) => value >= least) ?? below
  const marks = []
  for (let at = Math.ceil(low / step) * step; at <= high + step * 1e-9 && marks.length < 50; at += step) marks.push(Number(at.toPrecision(12)))
  return marks
}

export interface Span { from: number; to: number; title: string; shade?: number; thin?: boolean }
export interface Lane { name: string; spans: Span[] }

/** Spans of time, a lane for each name; the label says in words what is drawn. */
export function Lanes({ lanes, label, format }: { lanes: Lane[]; label: string; format: (value: number) => string }) {
  const all = lanes.flatMap((lane) => lane.spans)
  const low = Math.min(...all.map((span) => span.from))
  const high = Math.max(...all.map((span) => span.to), low + 1e-9)
  const place = (value: number) => `${(100 * (value - low)) / (high - low)}%`
  return (
    <div className="lanes" role="img" aria-label={label} dir="ltr">
      {lanes.map((lane, index) => (
        <div className="lane" key={lane.name}>
          <span className="lane-name" title={lane.name}>{lane.name}</span>
          <div className="lane-track">
            {lane.spans.map((span, at) => <span key={at} className={span.thin ? 'span thin' : 'span'} title={span.title} style={{ insetInlineStart: place(span.from), inlineSize: `max(1px, ${(100 * (span.to - span.from)) / (high - low)}%)`, background: color(span.shade ?? index) }} />)}
          </div>
        </div>
      ))}
      <div className="lane lane-axis"><span /><div><span>{format(low)}</span><span>{format((low + high) / 2)}</span><span>{format(high)}</span></div></div>
    </div>
  )
}

export interface Series { name: string; points: [number, number][]; step?: boolean; dots?: boolean }
interface CurveProps { series: Series[]; label: string; across: string; formatX: (value: number) => string; formatY: (value: number) => string; zero?: boolean; line?: { at: number; name: string } }

function trace(points: [number, number][], step: boolean | undefined, x: (value: number) => number, y: (value: number) => number): string {
  return points.map(([a, b], at) => (at === 0 ? `M${x(a)} ${y(b)}` : step ? `H${x(a)}V${y(b)}` : `L${x(a)} ${y(b)}`)).join('')
}

/** Lines over a number, drawn as SVG at the width there is. */
export function Curve({ series, label, across, formatX, formatY, zero = false, line }: CurveProps) {
  const [ref, width] = useWidth()
  const points = series.flatMap((one) => one.points)
  const xs = points.map(([a]) => a)
  const ys = [...points.map(([, b]) => b), ...(line ? [line.at] : [])]
  const [left, right] = [Math.min(...xs), Math.max(...xs)]
  const [low, high] = [zero ? 0 : Math.min(...ys), Math.max(...ys)]
  const x = (value: number) => 62 + ((width - 76) * (value - left)) / (right - left || 1)
  const y = (value: number) => 214 - (196 * (value - low)) / (high - low || 1)
  return (
    <div ref={ref} className="drawing">
      {width > 0 && points.length > 0 && (
        <svg width={width} height={256} role="img" aria-label={label}>
          {ticks(low, high, 5).map((mark) => <g key={mark}><line className="rule" x1={62} x2={width - 14} y1={y(mark)} y2={y(mark)} /><text x={56} y={y(mark) + 4} textAnchor="end">{formatY(mark)}</text></g>)}
          {ticks(left, right, width / 110).map((mark) => <text key={mark} x={x(mark)} y={232} textAnchor="middle">{formatX(mark)}</text>)}
          <text x={width - 14} y={250} textAnchor="end">{across}</text>
          {line && <line className="limit" x1={62} x2={width - 14} y1={y(line.at)} y2={y(line.at)} />}
          {series.map((one, index) => <g key={one.name}><path d={trace(one.points, one.step, x, y)} fill="none" stroke={color(index)} strokeWidth={2} />{one.dots && one.points.map(([a, b]) => <circle key={a} cx={x(a)} cy={y(b)} r={3.5} fill={color(index)} />)}</g>)}
        </svg>
      )}
      <ul className="legend">{series.map((one, index) => <li key={one.name}><i style={{ background: color(index) }} />{one.name}</li>)}{line && <li><i className="dash" />{line.name}</li>}</ul>
    </div>
  )
}

/** Seconds as hours, minutes and seconds. */
export function clock(seconds: number): string {
  const whole = Math.round(seconds)
  const pad = (value: number) => String(value).padStart(2, '0')
  return `${Math.floor(whole / 3600)}:${pad(Math.floor((whole % 3600) / 60))}:${pad(whole % 60)}`
}
