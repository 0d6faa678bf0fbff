// Whether everything has room: no sideways scrolling but where it is meant, the box in the window.
import type { Page } from 'playwright-core'

/**
 * Every element that is wider inside than outside, and whatever reaches out of the window.
 * Code, tables and formulas may scroll by themselves, each in a group of its own that does not
 * reach out of the window; an ellipsis is a choice.
 */
export async function overflowing(page: Page): Promise<readonly string[]> {
  return await page.evaluate(() => {
    const nameOf = (element: Element): string => {
      const { tagName, className } = element
      const classes = typeof className === 'string' ? className.trim().split(/\s+/).join('.') : ''
      const text = element.textContent.trim().slice(0, 30)
      return `${tagName.toLowerCase()}${classes && `.${classes}`} “${text}”`
    }
    // By what it does: that it is a stop for the keyboard follows only when its size was observed.
    const scrolls = (element: Element): boolean =>
      element.matches('[role=group]') && /auto|scroll/.test(getComputedStyle(element).overflowX)
    const scrollsInside = (element: Element): boolean => {
      const group = element.parentElement?.closest('[role=group]') ?? null
      return group !== null && (scrolls(group) || scrollsInside(group))
    }
    const found: string[] = []
    for (const element of document.querySelectorAll<HTMLElement>('body, body *')) {
      const style = getComputedStyle(element)
      const hidden = !element.checkVisibility({ visibilityProperty: true })
      if (hidden || element.closest('.visually-hidden, .katex') || scrollsInside(element)) continue
      if (style.display === 'inline' || element instanceof SVGElement) continue
      const excess = element.scrollWidth - element.clientWidth
      const cut = style.textOverflow === 'ellipsis' || element.matches('input, select')
      const meant = cut || scrolls(element)
      if (excess > 1 && !meant) found.push(`${nameOf(element)} is ${excess}px too narrow`)
      const { left, right, width } = element.getBoundingClientRect()
      const outside = width > 0 && (left < -1 || right > window.innerWidth + 1)
      if (outside && style.position !== 'fixed') found.push(`${nameOf(element)} leaves the window`)
    }
    return found
  })
}

/** Whether the box to write in lies wholly in the window. */
export async function boxInView(page: Page): Promise<boolean> {
  return await page.evaluate(() => {
    const box = document.getElementById('message')?.getBoundingClientRect()
    if (box === undefined) return false
    const { innerWidth, innerHeight } = window
    return box.top >= 0 && box.left >= 0 && box.bottom <= innerHeight && box.right <= innerWidth
  })
}

/** Whether what has the focus can be seen: in the window, and under nothing else. */
export async function focusInView(page: Page): Promise<string | null> {
  return await page.evaluate(() => {
    const focused = document.activeElement
    if (focused === null || focused === document.body) return 'nothing has the focus'
    const { left, top, width, height } = focused.getBoundingClientRect()
    const name = `${focused.tagName.toLowerCase()} “${focused.getAttribute('aria-label') ?? focused.textContent.trim().slice(0, 40)}”`
    // Of a long message the beginning is enough.
    const [x, y] = [left + Math.min(width / 2, 40), top + Math.min(height / 2, 12)]
    if (x < 0 || y < 0 || x > window.innerWidth || y > window.innerHeight) {
      return `${name} is outside the window`
    }
    const above = document.elementFromPoint(x, y)
    const seen = above !== null && (focused.contains(above) || above.contains(focused))
    return seen ? null : `${name} is under ${above?.tagName ?? 'nothing'}.${above?.className ?? ''}`
  })
}
