/** The page of a category; its id is the path of names joined by " > ". */
export function categoryPath(id: string): string {
  return `/c/${encodeURIComponent(id)}`
}

/** The page of a product. */
export function productPath(id: string): string {
  return `/p/${encodeURIComponent(id)}`
}

/** The names on the way to a category. */
export function names(id: string): string[] {
  return id.split(' > ')
}

/** The last name of a category's path. */
export function lastName(id: string): string {
  return names(id).at(-1) ?? id
}
