import { render } from '@testing-library/vue'
import { describe, expect, test } from 'vitest'

import { Markdown } from '@/markdown'

import { settled } from '../markdown/settled'
import { DEEP_CASES } from './deep'
import { measure, offences } from './inspect'

describe('hostile depth and length', () => {
  test.each(Object.entries(DEEP_CASES))('%s', async (_, text) => {
    const { container } = render(Markdown, { props: { source: text } })
    await settled()

    expect(offences(container)).toEqual([])
    const { elements, depth } = measure(container)
    expect(depth).toBeLessThan(100)
    expect(elements).toBeLessThan(60_000)
  })
})
