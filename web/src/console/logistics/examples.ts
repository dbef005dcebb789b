/** Small made-up problems to try the pages with. */
const SPOTS: [number, number][] = [[52, 48], [24, 71], [61, 80], [83, 62], [77, 31], [45, 22], [18, 35], [33, 55], [68, 52], [90, 84], [12, 14], [57, 9], [38, 88], [72, 70], [29, 20], [86, 45], [8, 60], [49, 63], [64, 36]]

export const ROUTES = {
  name: 'example town',
  locations: [{ id: 'depot', x: 5000, y: 5000 }, ...SPOTS.map(([x, y], at) => ({ id: `place ${at + 1}`, x: x * 100, y: y * 100 }))],
  vehicles: [1, 2, 3].map((n) => ({ id: `van ${n}`, capacity: [30], start: 'depot', end: 'depot', window_s: [0, 28800] })),
  tasks: SPOTS.map((_, at) => ({ id: `order ${at + 1}`, location: `place ${at + 1}`, load: [3 + (at % 5)], service_s: 240 })),
}

export const PACKING = {
  items: [{ id: 'crate', size: [40, 30, 20], copies: 14 }, { id: 'box', size: [20, 20, 20], copies: 16 }, { id: 'barrel', size: [30, 30, 40], copies: 5, rotations: 'upright' }],
  bins: [{ id: 'van', size: [120, 80, 80], copies: 2 }],
}

export const BERTHS = {
  length_m: 700,
  cranes: 6,
  hours: 60,
  vessels: [['Aurora', 200, 0, 14, 20], ['Borealis', 300, 2, 22, 30], ['Cygnus', 250, 5, 30, 24], ['Draco', 180, 9, 34, 16], ['Eridanus', 320, 12, 48, 36]].map(([name, length_m, arrival_h, due_h, work_crane_h]) => ({ name, length_m, arrival_h, due_h, work_crane_h })),
}

export const SHIPMENT = {
  number: 'EXAMPLE-1', day: '2026-11-25', currency: 'CNY', incoterm: 'DAP Berlin', category: 'sale', signed_by: 'Zhang Wei',
  sender: { name: '示例贸易有限公司', address: ['示例路 1 号', '310000 杭州'], country: 'CN', phone: '+86 571 0000' },
  receiver: { name: 'Erika Muster', address: ['Beispielstraße 5', '10117 Berlin'], country: 'DE' },
  lines: [{ description: '纯棉T恤 cotton T-shirt', quantity: 12, unit_value: 4550, net_g: 1800, code: '610910', origin: 'CN' }],
  parcels: [{ id: 'P1', gross_g: 1999, size_mm: [400, 300, 200] }],
  charges: { freight: 8000, insurance: 55 },
}

export const NOMENCLATURE = `code,text
09,"Coffee, tea, spices"
0902,Tea
090210,Green tea in packings of at most 3 kg
090240,Other black tea
61,Knitted garments
6109,T-shirts and vests
610910,T-shirts of cotton
610990,T-shirts of other textiles
69,Ceramic products
6911,Tableware of porcelain
691110,Cups and other tableware of porcelain
`

export const ROBOTS = {
  grid: ['............', '.##.##.##.#.', '.##.##.##.#.', '............', '.##.##.##.#.', '.##.##.##.#.', '............'],
  robots: ['r1', 'r2', 'r3', 'r4'].map((id, at) => ({ id, start: [0, 3 * at] })),
  errands: [[3, 1, 6, 11], [6, 4, 0, 11], [3, 7, 6, 0], [0, 1, 3, 11], [6, 8, 0, 0], [3, 4, 6, 6]].map(([a, b, c, d], at) => ({ id: `e${at + 1}`, pickup: [a, b], drop: [c, d], release: 2 * at })),
}

export const YARD = {
  tiers: 4,
  stacks: [[7, 2, 9], [4, 11], [1, 8, 5], [10, 3], [], [6, 12]].map((stack) => stack.map((leaves) => ({ id: `c${leaves}`, leaves }))),
  arrivals: [15, 13, 14, 16].map((leaves) => ({ id: `n${leaves}`, leaves })),
}

export const WALK = {
  block: { aisles: 6, length_m: 30, pitch_m: 5, cross_m: [15] },
  picks: ([['tea', 0, 13.5], ['kettle', 3, 12], ['cups', 2, 22], ['sugar', 2, 6], ['spoons', 5, 19], ['lemon', 4, 27], ['honey', 1, 18]] as const).map(([id, aisle, at_m]) => ({ id, aisle, at_m })),
}

export const BATCHES = {
  block: { aisles: 6, length_m: 30, pitch_m: 5 },
  cart: 9,
  walk: 'exact',
  orders: Array.from({ length: 12 }, (_, at) => ({ id: `order ${at + 1}`, load: 2 + (at % 3), picks: Array.from({ length: 2 + (at % 3) }, (_, k) => [(at * 5 + k * 2) % 6, ((at * 7 + k * 11) % 29) + 0.5]) })),
}

export const WAVE = {
  least: 8,
  most: 16,
  orders: [{ tea: 2 }, { tea: 1, cups: 2 }, { kettle: 1 }, { cups: 3 }, { tea: 3, sugar: 1 }, { lemon: 2, sugar: 2 }, { cups: 1, kettle: 1 }, { tea: 2, lemon: 1 }],
  aisles: [{ tea: 6, cups: 2 }, { kettle: 2, cups: 1 }, { cups: 6, sugar: 1 }, { lemon: 4, sugar: 3 }, { tea: 3, kettle: 1 }],
}

export const GOODS = {
  destination: 'DE', currency: 'CNY', day: '2026-11-25', freight: 8000, insurance: 55, rates: { EUR: '7.85' },
  goods: [{ code: '610910', origin: 'CN', value: 124600 }, { code: '090210', origin: 'VN', value: 36000, net_g: 1500, preference: 'EU-VN' }],
}

export const DUTIES = `code,origin,destination,duty,tax,valid_from,valid_to,source,preference,base,duty_free_to,tax_free_to,duty_per_kg
6109,*,DE,12%,19%,2026-01-01,,made up,,cif,150 EUR,,
090210,*,DE,0.05,7%,2026-01-01,2026-12-31,made up,,,,,0.355 EUR
0902,VN,DE,0,7%,2026-01-01,,made up,EU-VN,,,,
`

/** Numbers from 0 to 1, the same at every call (a linear congruence). */
function chance(seed: number): () => number {
  let state = seed
  return () => { state = (state * 1_103_515_245 + 12_345) % 2_147_483_648; return state / 2_147_483_648 }
}

/** Five months of made-up sales of three products, higher at the weekend. */
export function salesExample(): string {
  const draw = chance(7)
  const lines = ['id,date,quantity']
  for (const [id, level, trend] of [['green tea', 18, 0.05], ['kettle', 5, 0], ['honey', 9, -0.02]] as const) {
    for (let day = 0; day < 154; day++) {
      const date = new Date(Date.UTC(2026, 5, 1 + day))
      const weekend = date.getUTCDay() % 6 === 0 ? 1.5 : 1
      lines.push(`${id},${date.toISOString().slice(0, 10)},${Math.max(0, Math.round((level + trend * day) * weekend * (0.7 + 0.6 * draw())))}`)
    }
  }
  return `${lines.join('\n')}\n`
}

/** Made-up trips of two months, and eight that are under way. */
export function tripsExample(): { history: string; underWay: string } {
  const draw = chance(3)
  const row = (started: Date, isPast: boolean) => {
    const [zone, km] = [draw() < 0.5 ? 'city' : 'country', Math.round(20 + 300 * draw()) / 10]
    const rush = [8, 9, 17, 18].includes(started.getUTCHours()) ? 1.35 : 1
    const minutes = (zone === 'city' ? 3.1 : 1.5) * km * rush * (0.85 + 0.35 * draw() + (draw() < 0.04 ? 0.9 : 0)) + 4
    return `${started.toISOString().slice(0, 16)}Z,${isPast ? minutes.toFixed(1) : ''},${km},${zone}`
  }
  const head = 'started,minutes,km,zone'
  const at = (hours: number) => new Date(Date.UTC(2026, 8, 1, 6, 0) + hours * 3_600_000 * 1.25)
  const lines = Array.from({ length: 1000 }, (_, k) => row(at(k), true))
  const open = Array.from({ length: 8 }, (_, k) => row(at(1001 + k), false))
  return { history: `${[head, ...lines].join('\n')}\n`, underWay: `${[head, ...open].join('\n')}\n` }
}
