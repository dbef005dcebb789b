/** What the pages work out of files and answers before they draw; no React here. */
export interface Sale { id: string; date: string; quantity: number }

/** The cells of a line; a quoted one may hold the separator. */
function cells(line: string, mark: string): string[] {
  const found: string[] = []
  let cell = ''
  let quoted = false
  for (const sign of line) {
    if (sign === '"') quoted = !quoted
    else if (sign === mark && !quoted) { found.push(cell); cell = '' }
    else cell += sign
  }
  return [...found, cell].map((one) => one.trim())
}

/** The sales of a table, for drawing alone: the server judges the rows. */
export function sales(text: string): Sale[] {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/).filter((line) => line.trim())
  const head = lines[0] ?? ''
  const mark = [';', '\t'].find((sign) => head.includes(sign)) ?? ','
  const names = cells(head, mark).map((name) => name.toLowerCase())
  const [id, date, quantity] = [names.indexOf('id'), names.indexOf('date'), names.indexOf('quantity')]
  return lines.slice(1).map((line) => {
    const row = cells(line, mark)
    const number = row[quantity] ?? ''
    return { id: row[id] ?? '', date: (row[date] ?? '').slice(0, 10), quantity: Number(mark === ',' ? number : number.replace(',', '.')) }
  }).filter((one) => Number.isFinite(one.quantity) && /^\d{4}-\d\d-\d\d$/.test(one.date))
}

const DAY = 86_400_000

/** What was sold of one series in each of the last `most` buckets before a day, oldest first: a bucket's first day and its sum. */
export function past(rows: Sale[], id: string, first: string, days: number, most: number): [start: number, sum: number][] {
  const end = Date.parse(first)
  const mine = rows.filter((one) => one.id === id)
  const oldest = Math.min(...rows.map((one) => Date.parse(one.date)), end)
  const count = Math.min(most, Math.floor((end - oldest) / (days * DAY)))
  const sums = new Array<number>(count).fill(0)
  for (const one of mine) {
    const back = Math.floor((end - DAY - Date.parse(one.date)) / (days * DAY))
    if (back >= 0 && back < count) sums[count - 1 - back] = (sums[count - 1 - back] ?? 0) + one.quantity
  }
  return sums.map((sum, at) => [end - (count - at) * days * DAY, sum])
}

export type Units = Record<string, number>
export interface WaveProblem { least?: number; most?: number; orders: Units[]; aisles: Units[] }

/** Orders and aisles of a wave in our form, or in that of the SBPO 2025 challenge. */
export function waveOf(problem: unknown): WaveProblem {
  if (typeof problem !== 'string') return problem as WaveProblem
  const rows = problem.split(/\r?\n/).filter((line) => line.trim()).map((line) => line.trim().split(/\s+/).map(Number))
  const units = (row: number[]): Units => Object.fromEntries(row.slice(1).flatMap((item, at, all) => (at % 2 ? [] : [[String(item), all[at + 1] ?? 0]])))
  const orders = rows[0]?.[0] ?? 0
  return { orders: rows.slice(1, 1 + orders).map(units), aisles: rows.slice(1 + orders, -1).map(units), least: rows.at(-1)?.[0], most: rows.at(-1)?.[1] }
}

export const total = (units: Units): number => Object.values(units).reduce((sum, one) => sum + one, 0)

/** Of each chosen aisle, the units that the chosen orders take there: what one aisle lacks is taken from the next. */
export function taken(problem: WaveProblem, orders: number[], aisles: number[]): Units[] {
  const wanted: Units = {}
  for (const at of orders) for (const [item, units] of Object.entries(problem.orders[at] ?? {})) wanted[item] = (wanted[item] ?? 0) + units
  return aisles.map((at) => {
    const mine: Units = {}
    for (const [item, held] of Object.entries(problem.aisles[at] ?? {})) {
      const units = Math.min(held, wanted[item] ?? 0)
      if (units > 0) { mine[item] = units; wanted[item] = (wanted[item] ?? 0) - units }
    }
    return mine
  })
}
