import { describe, expect, it } from 'vitest'
import { ROUTES } from './examples'
import { faces, fit, painted, placesOf } from './geometry'

describe('places of a problem', () => {
  it('are read from our form', () => {
    const found = placesOf(ROUTES)
    expect([found.tasks.size, found.starts.get('van 3'), found.earthly]).toEqual([19, { x: 5000, y: 5000 }, false])
  })
  it('are read from VROOM, with longitude first', () => {
    const found = placesOf({ vehicles: [{ id: 1, start: [2.35, 48.85] }], jobs: [{ id: 7, location: [2.36, 48.86] }], shipments: [{ id: 1, pickup: { id: 8, location: [2.3, 48.8] }, delivery: {} }] })
    expect([found.tasks.get('7'), found.tasks.get('8'), found.tasks.size, found.earthly]).toEqual([{ x: 2.36, y: 48.86 }, { x: 2.3, y: 48.8 }, 2, true])
  })
  it('are none where there is only a matrix', () => {
    expect(placesOf({ matrix: [[0]], tasks: [{ id: 'a', location: 0 }] }).tasks.size).toBe(0)
  })
})

describe('drawing', () => {
  it('keeps north up and one scale both ways', () => {
    const { at, unit } = fit([{ x: 0, y: 0 }, { x: 100, y: 50 }], 244, 200, false)
    expect([unit, at({ x: 0, y: 0 }), at({ x: 100, y: 50 })]).toEqual([0.5, { x: 22, y: 141 }, { x: 222, y: 41 }])
  })
  it('paints what hides another box after it', () => {
    const box = (item: string, x: number, z: number) => ({ bin: 'b', number: 1, item, x, y: 0, z, dx: 10, dy: 10, dz: 10 })
    const boxes = [box('near', 10, 0), box('top', 0, 10), box('far', 0, 0)]
    const order = painted({ yaw: 0.7, pitch: 0.5 }, boxes).map((one) => one.item)
    expect(order[0]).toBe('far')
    expect(painted({ yaw: 0.7 + Math.PI, pitch: 0.5 }, boxes).map((one) => one.item)[0]).toBe('near')
    expect(faces({ yaw: 0.7, pitch: 0.5 }, boxes[0] as (typeof boxes)[0])).toHaveLength(3)
  })
})
