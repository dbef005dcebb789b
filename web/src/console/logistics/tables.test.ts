import { expect, test } from 'vitest'
import { past, sales, taken, waveOf } from './tables'

test('sales are read with commas, semicolons and quoted ids', () => {
  expect(sales('id,date,quantity\n"tea, green",2026-01-01,2.5\n')).toEqual([{ id: 'tea, green', date: '2026-01-01', quantity: 2.5 }])
  expect(sales('\uFEFFID;date;quantity\r\ntea;2026-01-01;1,5\r\n')).toEqual([{ id: 'tea', date: '2026-01-01', quantity: 1.5 }])
  expect(sales('nothing')).toEqual([])
})

test('the past is summed in whole buckets that end before the forecast', () => {
  const rows = Array.from({ length: 15 }, (_, at) => ({ id: at % 2 ? 'b' : 'a', date: `2026-01-${String(at + 1).padStart(2, '0')}`, quantity: 1 }))
  expect(past(rows, 'a', '2026-01-16', 7, 9)).toEqual([[Date.parse('2026-01-02'), 3], [Date.parse('2026-01-09'), 4]])
  expect(past(rows, 'a', '2026-01-16', 1, 2).map(([, sum]) => sum)).toEqual([0, 1])
})

test('a wave of the challenge is read, and each unit is taken from one aisle', () => {
  const wave = waveOf('2 2 2\n1 0 3\n2 0 1 1 2\n1 0 2\n2 0 9 1 2\n1 8\n')
  expect(wave).toEqual({ orders: [{ 0: 3 }, { 0: 1, 1: 2 }], aisles: [{ 0: 2 }, { 0: 9, 1: 2 }], least: 1, most: 8 })
  expect(taken(wave, [0, 1], [0, 1])).toEqual([{ 0: 2 }, { 0: 2, 1: 2 }])
})
