// Puts the licences of everything in the bundle beside it.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'

const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'))
const root = new URL('../', import.meta.url)
const parts = ['Licences of the open-source parts inside this bundle.\n']
const shown = Object.entries(lock.packages)
  .filter(([path, entry]) => path && (!entry.dev || path.endsWith('fluent-emoji-flat')) && !entry.optional && !entry.devOptional)
  .sort(([a], [b]) => (a < b ? -1 : 1))
for (const [path, entry] of shown) {
  const folder = new URL(`${path}/`, root)
  if (!existsSync(folder)) continue
  const file = readdirSync(folder).sort().find((name) => /^licen[cs]e/i.test(name))
  const text = file ? readFileSync(new URL(file, folder), 'utf8').trim() : ''
  parts.push(`${'='.repeat(80)}\n${path.replace(/^.*node_modules\//, '')} ${entry.version} (${entry.license ?? 'see package'})\n\n${text}\n`)
}
parts.push(
  `${'='.repeat(80)}\nIllustrations: Fluent Emoji Flat, Copyright (c) Microsoft Corporation, MIT licence,\nhttps://github.com/microsoft/fluentui-emoji\n`,
)
writeFileSync(new URL('../../src/yunqi/console/dist/licences.txt', import.meta.url), parts.join('\n'))
console.log(`${shown.length} licences`)
