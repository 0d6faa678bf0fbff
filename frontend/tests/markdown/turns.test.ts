import { expect, test, vi } from 'vitest'

import { inTurn, waiting } from '@/markdown/turns'

const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve))

test('jobs are done in the order they came, none at once', async () => {
  const done: string[] = []
  inTurn(() => done.push('a'))
  inTurn(() => done.push('b'))
  expect(done).toEqual([])
  expect(waiting()).toBe(2)

  await soon()

  expect(done).toEqual(['a', 'b'])
  expect(waiting()).toBe(0)
})

test('a job that is called off is not done', async () => {
  const job = vi.fn()
  const callOff = inTurn(job)

  callOff()
  await soon()

  expect(job).not.toHaveBeenCalled()
})

test('after a long job the browser has its turn before the next', async () => {
  let now = 0
  vi.spyOn(performance, 'now').mockImplementation(() => now)
  const done: string[] = []
  inTurn(() => {
    done.push('long')
    now += 100
  })
  inTurn(() => done.push('next'))

  await soon()
  expect(done).toEqual(['long'])

  await soon()
  expect(done).toEqual(['long', 'next'])
})
