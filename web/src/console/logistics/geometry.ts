/** What the logistics pages draw, worked out from problems and answers; no React here. */
export interface Point { x: number; y: number }
export interface Placement { bin: string; number: number; item: string; x: number; y: number; z: number; dx: number; dy: number; dz: number }
export interface Places { tasks: Map<string, Point>; starts: Map<string, Point>; ends: Map<string, Point>; earthly: boolean }

type Thing = Record<string, unknown>
const things = (value: unknown): Thing[] => (Array.isArray(value) ? value.filter((one): one is Thing => typeof one === 'object' && one !== null) : [])
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)

function point(value: unknown): Point | undefined {
  if (Array.isArray(value) && isNumber(value[0]) && isNumber(value[1])) return { x: value[0], y: value[1] }
  if (typeof value !== 'object' || value === null) return undefined
  const one = value as Thing
  if (isNumber(one.x) && isNumber(one.y)) return { x: one.x, y: one.y }
  if (isNumber(one.lon) && isNumber(one.lat)) return { x: one.lon, y: one.lat }
  return undefined
}

/** Where the tasks and vehicles of a problem are, in our form or in VROOM's; empty where only times are given. */
export function placesOf(problem: unknown): Places {
  const top = (typeof problem === 'object' && problem !== null ? problem : {}) as Thing
  const listed = things(top.locations)
  const named = new Map<string, Point>()
  listed.forEach((one, at) => {
    const found = point(one)
    if (!found) return
    named.set(String(at), found)
    if (one.id !== undefined) named.set(String(one.id), found)
  })
  const find = (value: unknown) => point(value) ?? (typeof value === 'string' || typeof value === 'number' ? named.get(String(value)) : undefined)
  const tasks = new Map<string, Point>()
  const keep = (map: Map<string, Point>, key: unknown, value: unknown) => { const found = find(value); if (found) map.set(String(key), found) }
  for (const one of [...things(top.tasks), ...things(top.jobs)]) keep(tasks, one.id, one.location)
  for (const one of things(top.shipments)) {
    for (const side of ['pickup', 'delivery']) {
      const half = one[side] as Thing | undefined
      keep(tasks, half?.id ?? `${String(one.id)}:${side}`, half?.location)
    }
  }
  const starts = new Map<string, Point>()
  const ends = new Map<string, Point>()
  things(top.vehicles).forEach((one, at) => {
    const count = isNumber(one.count) ? one.count : 1
    const key = String(one.id ?? at + 1)
    for (let n = 1; n <= Math.min(count, 1000); n++) {
      const id = count === 1 ? key : `${key}-${n}`
      keep(starts, id, one.start)
      keep(ends, id, 'end' in one ? one.end : one.start)
    }
  })
  const lonLat = listed.some((one) => isNumber(one.lat)) || [...things(top.jobs), ...things(top.tasks)].some((one) => Array.isArray(one.location))
  return { tasks, starts, ends, earthly: lonLat }
}

/** A projection of points into a frame, north up, and how many metres (or units) a pixel is. */
export function fit(points: Point[], width: number, height: number, earthly: boolean): { at: (one: Point) => Point; unit: number } {
  const xs = points.map((one) => one.x)
  const ys = points.map((one) => one.y)
  const [left, right, low, high] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)]
  const across = earthly ? 111_320 * Math.cos((((low + high) / 2) * Math.PI) / 180) : 1
  const up = earthly ? 110_574 : 1
  const margin = 22
  const unit = Math.max(((right - left) * across) / (width - 2 * margin), ((high - low) * up) / (height - 2 * margin - 18)) || 1
  const [middleX, middleY] = [(left + right) / 2, (low + high) / 2]
  return { unit, at: (one) => ({ x: width / 2 + ((one.x - middleX) * across) / unit, y: (height - 18) / 2 - ((one.y - middleY) * up) / unit }) }
}

export interface View { yaw: number; pitch: number }

/** Where a point of the load is seen: across, down, and how near it is to the eye. */
export function seen(view: View, x: number, y: number, z: number): Point & { near: number } {
  const [c, s, cp, sp] = [Math.cos(view.yaw), Math.sin(view.yaw), Math.cos(view.pitch), Math.sin(view.pitch)]
  const depth = x * s + y * c
  return { x: x * c - y * s, y: depth * sp - z * cp, near: depth * cp + z * sp }
}

/** The boxes in an order in which they can be painted: what hides another box comes after it. */
export function painted(view: View, boxes: Placement[]): Placement[] {
  const toward = [Math.sin(view.yaw) * Math.cos(view.pitch), Math.cos(view.yaw) * Math.cos(view.pitch), Math.sin(view.pitch)] as const
  const edges = boxes.map((one) => [[one.x, one.x + one.dx], [one.y, one.y + one.dy], [one.z, one.z + one.dz]] as [number, number][])
  const hides = (a: number, b: number) => {
    let found = false
    for (let axis = 0; axis < 3; axis++) {
      const [one, two] = [edges[a]?.[axis], edges[b]?.[axis]]
      if (!one || !two) continue
      const way = toward[axis] ?? 0
      if (way > 0 ? one[1] <= two[0] : two[1] <= one[0]) return false
      if (way > 0 ? two[1] <= one[0] : one[1] <= two[0]) found = true
    }
    return found
  }
  const near = (one: Placement) => seen(view, one.x + one.dx / 2, one.y + one.dy / 2, one.z + one.dz / 2).near
  const order = boxes.map((_, at) => at).sort((a, b) => near(boxes[a] as Placement) - near(boxes[b] as Placement))
  if (boxes.length > 700) return order.map((at) => boxes[at] as Placement)
  const done = new Set<number>()
  const result: Placement[] = []
  const visit = (at: number) => {
    if (done.has(at)) return
    done.add(at)
    for (const other of order) if (!done.has(other) && hides(at, other)) visit(other)
    result.push(boxes[at] as Placement)
  }
  order.forEach(visit)
  return result
}

/** The corners of a box's faces that the eye sees: top, and the two sides turned to it. */
export function faces(view: View, one: Placement): { points: string; shade: number }[] {
  const spot = (x: number, y: number, z: number) => { const at = seen(view, x, y, z); return `${at.x.toFixed(2)},${at.y.toFixed(2)}` }
  const [x2, y2, z2] = [one.x + one.dx, one.y + one.dy, one.z + one.dz]
  const x = Math.sin(view.yaw) > 0 ? x2 : one.x
  const y = Math.cos(view.yaw) > 0 ? y2 : one.y
  return [
    { shade: 1, points: [spot(one.x, one.y, z2), spot(x2, one.y, z2), spot(x2, y2, z2), spot(one.x, y2, z2)].join(' ') },
    { shade: 0.82, points: [spot(x, one.y, one.z), spot(x, y2, one.z), spot(x, y2, z2), spot(x, one.y, z2)].join(' ') },
    { shade: 0.66, points: [spot(one.x, y, one.z), spot(x2, y, one.z), spot(x2, y, z2), spot(one.x, y, z2)].join(' ') },
  ]
}
