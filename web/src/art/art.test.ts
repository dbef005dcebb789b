import { describe, expect, it } from 'vitest'
import { artName, artUrl, tint } from './art'
import categories from './categories.json'
import table from './rules.json'

const BROAD = new Set(['shopping-cart', 'lotion-bottle', 'package', 'medical-symbol', 'snowflake', 'house'])

describe('illustrations', () => {
  it('exist for every category of the demo shop', () => {
    const without = categories.filter((path) => artName(path) === table.fallback)
    expect(without).toEqual([])
    expect(categories.filter((path) => !artUrl(path))).toEqual([])
  })
  it('come from a rule about the category, not only its department, for nearly all', () => {
    const named = categories.filter((path) => path.length > 1)
    const broad = named.filter((path) => BROAD.has(artName(path)))
    expect(broad.length / named.length).toBeLessThan(0.1)
  })
  it.each([
    [['GROCERY', 'SOFT DRINKS', 'SFT DRNK 2 LITER BTL CARB INCL'], 'cup-with-straw'],
    [['Grocery', 'Frozen pizza', 'Pizza/Premium'], 'pizza'],
    [['DRUG GM', 'HAIR CARE PRODUCTS', 'SHAMPOO'], 'shower'],
    [['MEAT', 'EXOTIC GAME/FOWL'], 'turkey'],
    [['PRODUCE', 'TROPICAL FRUIT'], 'pineapple'],
    [['GROCERY', 'COOKIES/CONES', 'TRAY PACK/CHOC CHIP COOKIES'], 'cookie'],
    [['DRUG GM', 'CANDY - PACKAGED', 'CANDY BAGS-CHOCOCLATE'], 'chocolate-bar'],
    [['GROCERY', 'FRUIT - SHELF STABLE', 'APPLE SAUCE'], 'red-apple'],
    [['GROCERY', 'PASTA SAUCE', 'VALUE'], 'spaghetti'],
    [['DRUG GM', 'CHRISTMAS  SEASONAL', 'SEASONAL'], 'christmas-tree'],
    [['MEAT-PCKGD', 'HOT DOGS'], 'hot-dog'],
    [['PRODUCE', 'BROCCOLI/CAULIFLOWER'], 'broccoli'],
    [['NUTRITION', 'RICE CAKES'], 'rice-cracker'],
    [['GROCERY', 'BIRD SEED'], 'bird'],
    [['FLORAL', 'BOUQUET (NON ROSE)'], 'bouquet'],
    [[], table.fallback],
    [['Nobody knows this'], table.fallback],
  ])('%j shows %s', (path, name) => {
    expect(artName(path)).toBe(name)
  })
  it('have one tint for each category', () => {
    expect(tint(['GROCERY', 'EGGS'])).toBe(tint(['EGGS']))
  })
})
