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
