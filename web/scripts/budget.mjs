// Fails when a part's initial JavaScript (entry and everything it imports statically) outgrows its gzip budget.
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const dist = new URL('../../src/yunqi/console/dist/', import.meta.url)
const manifest = JSON.parse(readFileSync(new URL('manifest.json', dist), 'utf8'))
const budgets = { 'index.html': 150, 'console.html': 400 }

function files(key, seen = new Set()) {
  if (seen.has(key)) return seen
  seen.add(key)
  for (const next of manifest[key].imports ?? []) files(next, seen)
  return seen
}

let failed = false
for (const [entry, budget] of Object.entries(budgets)) {
  const bytes = [...files(entry)].reduce((sum, key) => sum + gzipSync(readFileSync(new URL(manifest[key].file, dist))).length, 0)
  const kilobytes = Math.round(bytes / 102.4) / 10
  const verdict = kilobytes <= budget ? 'ok' : 'TOO LARGE'
  failed ||= kilobytes > budget
  console.log(`${entry}: ${kilobytes} KB gzip of ${budget} KB (${verdict})`)
}
process.exit(failed ? 1 : 0)
