import { describe, expect, it } from 'vitest'
import { faces, fit, painted, placesOf } from './geometry'

describe('places of a plan', () => {
  it('are points by id, with longitude across', () => {
    const found = placesOf({ tasks: { a: { lat: 48.85, lon: 2.35 }, b: {} }, vehicles: { 'van 1': { start: { lat: 48.8, lon: 2.3 }, end: null } } })
    expect([found.tasks.get('a'), found.tasks.size, found.starts.get('van 1'), found.ends.size, found.earthly]).toEqual([{ x: 2.35, y: 48.85 }, 1, { x: 2.3, y: 48.8 }, 0, true])
  })
  it('are none before the server answered', () => {
    expect(placesOf(undefined).tasks.size).toBe(0)
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
