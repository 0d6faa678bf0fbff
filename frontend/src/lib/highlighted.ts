// A text cut where the words of a search stand in it.

export interface Part {
  readonly text: string
  readonly hit: boolean
}

const SPECIAL = /[.*+?^${}()|[\]\\]/g

export function highlighted(text: string, search: string): readonly Part[] {
  const sought = search.split(/[\s"]+/).filter(Boolean)
  if (sought.length === 0 || text === '') return [{ text, hit: false }]
  const any = new RegExp(`(${sought.map((word) => word.replace(SPECIAL, '\\$&')).join('|')})`, 'gi')
  // Split by one group: what was found stands at the odd places.
  return text
    .split(any)
    .map((part, index) => ({ text: part, hit: index % 2 === 1 }))
    .filter((part) => part.text !== '')
}
