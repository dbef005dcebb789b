import type { Lane } from '../draw'

const STAGES: Record<string, number> = { F: 0, D: 1, X: 2, W: 3 }

/** A pipeline log in Konata's text format as one lane an instruction: fetch, decode, execute, wait for retirement. */
export function lanes(text: string): Lane[] {
  const found = new Map<string, Lane>()
  const open = new Map<string, [stage: string, from: number]>()
  let now = 0
  const close = (id: string) => {
    const [stage, from] = open.get(id) ?? []
    if (stage !== undefined && from !== undefined) found.get(id)?.spans.push({ from, to: Math.max(now, from + 0.5), title: `${stage}: ${from}–${now}`, shade: STAGES[stage] ?? 4 })
    open.delete(id)
  }
  for (const line of text.split('\n')) {
    const [kind, id = '', , rest] = line.split('\t')
    if (kind === 'C=') now = Number(id)
    else if (kind === 'C') now += Number(id)
    else if (kind === 'I') found.set(id, { name: '', spans: [] })
    else if (kind === 'L') { const lane = found.get(id); if (lane && rest) lane.name = rest }
    else if (kind === 'S') { close(id); open.set(id, [rest ?? '', now]) }
    else if (kind === 'R') close(id)
  }
  return [...found.entries()].map(([id, lane]) => ({ ...lane, name: `${id} ${lane.name}` })).filter((lane) => lane.spans.length > 0)
}
