import table from './rules.json'

const files = import.meta.glob<string>('../../.art/*.svg', { eager: true, query: '?url', import: 'default' })
const urls = new Map(Object.entries(files).map(([path, url]) => [path.replace(/^.*\/|\.svg$/g, ''), url]))
const rules = table.rules.map(([name, pattern]) => ({ name: name as string, pattern: new RegExp(pattern as string) }))
const known = new Map<string, string>()

function match(text: string): string | undefined {
  const upper = text.toUpperCase()
  return rules.find((rule) => rule.pattern.test(upper))?.name
}

/** The name of the illustration for a category path: the deepest level that some rule knows decides. */
export function artName(path: readonly string[]): string {
  const key = path.join(' > ')
  const seen = known.get(key)
  if (seen) return seen
  const name = [...path].reverse().map(match).find((found) => found !== undefined) ?? table.fallback
  known.set(key, name)
  return name
}

/** The address of the illustration for a category path. */
export function artUrl(path: readonly string[]): string {
  return urls.get(artName(path)) ?? ''
}

/** The address of an illustration by its own name. */
export function iconUrl(name: string): string {
  return urls.get(name) ?? ''
}

/** One of eight quiet tints, the same for all products of a category. */
export function tint(path: readonly string[]): number {
  let hash = 7
  for (const letter of path.at(-1) ?? '') hash = (hash * 31 + letter.charCodeAt(0)) % 9973
  return hash % 8
}
