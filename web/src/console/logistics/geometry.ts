/** What the logistics pages draw, worked out from problems and answers; no React here. */
export interface Point { x: number; y: number }
export interface Placement { bin: string; number: number; item: string; x: number; y: number; z: number; dx: number; dy: number; dz: number }
export interface Places { tasks: Map<string, Point>; starts: Map<string, Point>; ends: Map<string, Point>; earthly: boolean }

type Spot = { x?: number; y?: number; lat?: number; lon?: number }
/** Where a kept plan's stops lie, as the server says. */
export interface Ground { tasks: Record<string, Spot>; vehicles: Record<string, { start: Spot | null; end: Spot | null }> }

function point(one: Spot | null | undefined): Point | undefined {
  if (one?.lon !== undefined && one.lat !== undefined) return { x: one.lon, y: one.lat }
  return one?.x !== undefined && one.y !== undefined ? { x: one.x, y: one.y } : undefined
}

/** Whether a stop of a route is a task: reloads and charges stand between them. */
export const isTask = (stop: string | number) => stop !== 'reload' && !String(stop).startsWith('charge:')

/** Points by id; empty where a problem gives only times. */
export function placesOf(ground: Ground | undefined): Places {
  const taken = (pairs: [string, Spot | null][]) => new Map(pairs.flatMap(([id, spot]): [string, Point][] => { const found = point(spot); return found ? [[id, found]] : [] }))
  const tasks = Object.entries(ground?.tasks ?? {})
  const vehicles = Object.entries(ground?.vehicles ?? {})
  return {
    tasks: taken(tasks),
    starts: taken(vehicles.map(([id, one]) => [id, one.start])),
    ends: taken(vehicles.map(([id, one]) => [id, one.end])),
    earthly: tasks.some(([, spot]) => spot.lat !== undefined),
  }
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
