import { describe, expect, test } from 'vitest'

import { namesAnotherHost, safeLink, shownDestination } from '@/markdown/links'

describe('what may be followed', () => {
  test.each([
    ['https://example.com', 'https://example.com/', 'example.com'],
    ['HTTP://EXAMPLE.com:8080/a?b#c', 'http://example.com:8080/a?b#c', 'example.com:8080'],
    ['https://xn--mller-kva.example/', 'https://xn--mller-kva.example/', 'xn--mller-kva.example'],
    ['mailto:a@b.example?subject=hi', 'mailto:a@b.example?subject=hi', ''],
  ])('%s', (destination, href, host) => {
    expect(safeLink(destination)).toEqual({ href, host })
  })

  test.each([
    '',
    '/api/v1/models',
    '#top',
    'page.html',
    '//other.example/x',
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    ' javascript:alert(1)',
    '\tjava\nscript:alert(1)',
    '\u0001javascript:alert(1)',
    'vbscript:msgbox(1)',
    'data:text/html,<script>alert(1)</script>',
    'blob:https://example.com/0',
    'file:///etc/passwd',
    'ftp://example.com',
    'tel:+123',
    'intent://scan/#Intent;scheme=zxing;end',
    'view-source:https://example.com',
    'https://',
    'https://[bad',
    'https://bank.example@evil.example/',
    'https://user:secret@evil.example/',
  ])('never %j', (destination) => {
    expect(safeLink(destination)).toBeNull()
  })
})

describe('words that name another host', () => {
  const link = { href: 'https://evil.example/', host: 'evil.example' }

  test.each([
    'https://bank.example',
    'bank.example',
    'bank.example/login',
    'www.bank.example',
    ' HTTPS://Bank.Example:443/x ',
    'https://evil.example.bank.example',
    'evíl.example',
  ])('%j', (words) => {
    expect(namesAnotherHost(words, link)).toBe(true)
  })

  test.each([
    'the manual',
    'https://evil.example/path',
    'evil.example',
    'www.evil.example',
    'EVIL.example:8443',
    'a sentence. Then another',
    'version 1.2.3',
    '',
  ])('not %j', (words) => {
    expect(namesAnotherHost(words, link)).toBe(false)
  })

  test('a port of the link is no difference', () => {
    expect(namesAnotherHost('a.example', { href: '', host: 'a.example:8080' })).toBe(false)
  })

  test('the letters of an international host are named as the address bar names them', () => {
    expect(namesAnotherHost('https://аpple.com', { href: '', host: 'xn--pple-43d.com' })).toBe(true)
  })
})

test('a long destination is shown shortened', () => {
  expect(shownDestination('data:text/plain,short')).toBe('data:text/plain,short')
  expect(shownDestination(`data:${'A'.repeat(10_000)}`)).toHaveLength(121)
})
