// Writes the illustrations named by src/art/rules.json as separate SVG files into .art (not committed; the bundle holds them).
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const set = require('@iconify-json/fluent-emoji-flat/icons.json')
const { rules, fallback, extra } = JSON.parse(readFileSync(new URL('../src/art/rules.json', import.meta.url), 'utf8'))
const folder = new URL('../.art/', import.meta.url)

rmSync(folder, { recursive: true, force: true })
mkdirSync(folder)
const names = [...new Set([...rules.map(([name]) => name), fallback, ...extra])].sort()
for (const name of names) {
  const icon = set.icons[name]
  if (!icon) throw new Error(`src/art/rules.json names "${name}", which the icon set does not have`)
  const width = icon.width ?? set.width ?? 32
  const height = icon.height ?? set.height ?? 32
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}">${icon.body}</svg>\n`
  writeFileSync(new URL(`${name}.svg`, folder), svg)
}
console.log(`${names.length} illustrations`)
