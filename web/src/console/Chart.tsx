import { BarChart, LineChart } from 'echarts/charts'
import { GridComponent, LegendComponent, TooltipComponent } from 'echarts/components'
import { init, use, type EChartsCoreOption } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'
import { theme as antTheme } from 'antd'
import { useEffect, useRef } from 'react'

use([BarChart, LineChart, GridComponent, LegendComponent, TooltipComponent, SVGRenderer])

export interface Line { name: string; values: number[]; kind: 'line' | 'bar'; axis?: 0 | 1 }
interface ChartProps { labels: string[]; lines: Line[]; label: string; format: (value: number) => string; stacked?: boolean }

/** Lines and bars over time. The label says in words what the drawing shows. */
export default function Chart({ labels, lines, label, format, stacked = false }: ChartProps) {
  const element = useRef<HTMLDivElement>(null)
  const { token } = antTheme.useToken()
  useEffect(() => {
    if (!element.current) return
    const chart = init(element.current, undefined, { renderer: 'svg' })
    const text = { color: token.colorTextDescription }
    const split = { lineStyle: { color: token.colorBorderSecondary } }
    const axis = (index: 0 | 1) => ({ type: 'value', minInterval: 1, axisLabel: { ...text, formatter: format }, splitLine: index ? { show: false } : split })
    const option: EChartsCoreOption = {
      animation: false,
      color: ['#2f9e74', '#e0913b', '#5b8def', '#b06ad0', '#c9563f'],
      grid: { left: 8, right: 8, top: 40, bottom: 4, containLabel: true },
      legend: { top: 0, textStyle: text },
      tooltip: { trigger: 'axis', confine: true, backgroundColor: token.colorBgElevated, borderColor: token.colorBorder, textStyle: { color: token.colorText } },
      xAxis: { type: 'category', data: labels, axisLabel: text, axisLine: split, axisTick: { show: false } },
      yAxis: lines.some((line) => line.axis === 1) ? [axis(0), axis(1)] : [axis(0)],
      series: lines.map((line) => ({ name: line.name, type: line.kind, data: line.values, yAxisIndex: line.axis ?? 0, stack: stacked ? 'all' : undefined, showSymbol: false, smooth: 0.25, areaStyle: line.kind === 'line' && !line.axis ? { opacity: 0.12 } : undefined, barMaxWidth: 14 })),
    }
    chart.setOption(option)
    const watch = new ResizeObserver(() => chart.resize())
    watch.observe(element.current)
    return () => {
      watch.disconnect()
      chart.dispose()
    }
  }, [labels, lines, format, stacked, token])
  return <div ref={element} className="chart" role="img" aria-label={label} />
}
