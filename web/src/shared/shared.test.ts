import { describe, expect, it } from 'vitest'
import * as consoleMessages from '../console/messages'
import * as storeMessages from '../store/messages'
import { fill, plural } from './language'
import { formatMoney, minorDigits, parseMinor } from './money'
import { EventParser, events } from './sse'

const places = (message: string) => [...message.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort()

describe.each([['store', storeMessages], ['console', consoleMessages]])('messages of the %s', (_, { en, zh }) => {
  it('exist in both languages', () => {
    expect(Object.keys(zh).sort()).toEqual(Object.keys(en).sort())
    expect(Object.values(zh).filter((message) => !message.trim())).toEqual([])
  })
  it('have the same places to fill', () => {
    for (const [key, message] of Object.entries(en)) expect(places((zh as Record<string, string>)[key] ?? ''), key).toEqual(places(message))
  })
  it('are really Chinese in Chinese', () => {
    const same = Object.entries(zh).filter(([key, message]) => (en as Record<string, string>)[key] === message).map(([key]) => key)
    expect(same).toEqual(['version', 'colSha'].filter((key) => key in en))
  })
})

describe('money', () => {
  it.each([
    [149, 'USD', 'en-US', '$1.49'],
    [149, 'JPY', 'en-US', '¥149'],
    [1499, 'KWD', 'en-US', 'KWD 1.499'],
    [123456, 'EUR', 'de-DE', '1.234,56 €'],
    [5, 'CNY', 'zh-CN', '¥0.05'],
    [-250, 'USD', 'en-US', '-$2.50'],
  ])('%i minor units of %s in %s', (amount, currency, language, expected) => {
    expect(formatMoney({ amount_minor: amount, currency }, language).replace(/\u00a0|\u202f/g, ' ')).toBe(expected)
  })
  it('knows ISO 4217 digits where Intl follows other rules', () => {
    expect(['USD', 'IQD', 'ISK', 'CLF', 'usd', 'AFN'].map(minorDigits)).toEqual([2, 3, 0, 4, 2, 2])
  })
  it('reads what people type', () => {
    expect([parseMinor('1.49', 'USD'), parseMinor(' 2,5 ', 'EUR'), parseMinor('100', 'JPY'), parseMinor('1.005', 'KWD')]).toEqual([149, 250, 100, 1005])
    expect([parseMinor('', 'USD'), parseMinor('-1', 'USD'), parseMinor('1e9', 'USD'), parseMinor('abc', 'USD')]).toEqual([null, null, null, null])
  })
})

describe('server-sent events', () => {
  it('survive any cut of the text', () => {
    const text = ': hello\r\ndata: {"a":1}\r\n\r\nevent: x\ndata: one\ndata: two\n\ndata:tight\r\rid: 3\n\n'
    for (let cut = 0; cut <= text.length; cut++) {
      const parser = new EventParser()
      expect([...parser.push(text.slice(0, cut)), ...parser.push(text.slice(cut))]).toEqual(['{"a":1}', 'one\ntwo', 'tight'])
    }
  })
  it('survive cuts inside of characters and end at [DONE]', async () => {
    const bytes = new TextEncoder().encode('data: {"text":"云栖"}\n\ndata: [DONE]\n\ndata: {"text":"late"}\n\n')
    const body = new ReadableStream<Uint8Array>({
      start(control) {
        for (const byte of bytes) control.enqueue(Uint8Array.of(byte))
        control.close()
      },
    })
    const found: unknown[] = []
    for await (const event of events(new Response(body))) found.push(event)
    expect(found).toEqual([{ text: '云栖' }])
  })
  it('keep the last event of a stream that ends without an empty line', async () => {
    const found: unknown[] = []
    for await (const event of events(new Response('data: {"n":1}'))) found.push(event)
    expect(found).toEqual([{ n: 1 }])
  })
})

describe('messages with values', () => {
  it('are filled and counted', () => {
    expect(fill('{a} of {b} {c}', { a: 1, b: 'x' })).toBe('1 of x {c}')
    expect(plural(storeMessages.en, 'results', 1, 'en-US')).toBe('1 result')
    expect(plural(storeMessages.en, 'results', 1200, 'en-US')).toBe('1,200 results')
    expect(plural(storeMessages.zh, 'results', 1, 'zh-CN')).toBe('1 个结果')
  })
})
