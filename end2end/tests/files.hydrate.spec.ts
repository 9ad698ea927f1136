// How browsers load scripts, styles and icons.

import type { Page } from '@playwright/test'
import { expect, signIn, test } from './server'

interface File {
  path: string
  transferred: number
  unpacked: number
}

/** The files that the page has loaded from `/pkg/`, sorted by path. */
const files = (page: Page): Promise<File[]> =>
  page.evaluate(() =>
    (performance.getEntriesByType('resource') as PerformanceResourceTiming[])
      .map(({ name, transferSize, decodedBodySize }) => ({
        path: new URL(name).pathname,
        transferred: transferSize,
        unpacked: decodedBodySize,
      }))
      .filter(({ path }) => path.startsWith('/pkg/'))
      .sort((one, other) => (one.path < other.path ? -1 : 1)),
  )

const names = (files: File[]) => files.map(({ path }) => path.replace(/\.[0-9a-f]{16}\./, '.HASH.'))

test('script and style are sent once, compressed, and the next page requests neither', async ({ page }) => {
  const told: string[] = []
  page.on('console', (message) => told.push(message.text()))
  page.on('response', (response) => {
    if (response.status() >= 400) told.push(`${response.status()} ${response.url()}`)
  })
  const open = async (path: string): Promise<File[]> => {
    await page.goto(path)
    await expect(page.locator('.theme-toggle')).toBeVisible()
    return files(page)
  }
  const first = await open('/')
  expect(names(first)).toEqual(['/pkg/reading.HASH.js', '/pkg/tidemark.HASH.css'])
  for (const { path, transferred, unpacked } of first) {
    expect(transferred, path).toBeGreaterThan(0)
    expect(transferred, path).toBeLessThan(unpacked / 2)
  }
  const second = await open('/articles/first-steps')
  expect(second.map(({ path }) => path)).toEqual(first.map(({ path }) => path))
  expect(second.map(({ transferred }) => transferred)).toEqual([0, 0])
  // Chromium warns if a preloaded file isn't used within a few seconds.
  await page.waitForTimeout(5_000)
  expect(told).toEqual([])
})

/** The byte limit for a first visit, as sent: the page, its scripts and its styles. */
const MOST = 85_000

for (const path of ['/', '/articles/first-steps', '/articles/everything-markdown-can-do', '/authors/marina-keel']) {
  test(`a reader without a session gets ${path} without wasm, in at most 85 kB`, async ({ page }) => {
    const asked: string[] = []
    page.on('request', (request) => asked.push(new URL(request.url()).pathname))
    await page.goto(path)
    await expect(page.locator('.theme-toggle')).toBeVisible()
    // By then, anything loaded at idle time has been loaded too.
    await page.waitForLoadState('networkidle')
    expect(asked.filter((path) => path.endsWith('.wasm') || /\/tidemark[^/]*\.js$/.test(path))).toEqual([])
    const sizes = await page.evaluate(() => {
      const [document] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[]
      const resources = performance.getEntriesByType('resource') as PerformanceResourceTiming[]
      const loaded = resources.filter(({ initiatorType }) => ['script', 'link'].includes(initiatorType))
      return [document, ...loaded].map(({ name, transferSize }) => [new URL(name).pathname, transferSize] as const)
    })
    expect(sizes.some(([path]) => path.includes('/reading.'))).toBe(true)
    for (const [path, size] of sizes) expect(size, path).toBeGreaterThan(0)
    const sum = sizes.reduce((sum, [, size]) => sum + size, 0)
    expect(sum, JSON.stringify(sizes)).toBeLessThanOrEqual(MOST)
  })
}

test('the editor also loads the library, and works', async ({ page, server }) => {
  // A separate user, because drafts belong to a user.
  await signIn(page, 'looks-at-files', server.addUser('looks-at-files', 'author'), '/studio')
  await expect(page.locator('.theme-toggle')).toBeVisible()
  expect(names(await files(page))).toEqual(['/pkg/reading.HASH.js', '/pkg/tidemark.HASH.css'])
  await page.goto('/studio/new')
  await expect(page.locator('.editor-tools')).toBeVisible()
  await expect(page.locator('.theme-toggle')).toBeVisible()
  expect(names(await files(page))).toEqual([
    '/pkg/reading.HASH.js',
    '/pkg/tidemark.HASH.css',
    '/pkg/tidemark.HASH.js',
    '/pkg/tidemark.HASH.wasm',
  ])
  await page.getByLabel('Text (Markdown)').fill('It is *alive*.')
  await expect(page.locator('.preview em')).toHaveText('alive')
})
