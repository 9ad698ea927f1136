// Scripts, style and icons on their way to a browser.

import { expect, test } from './server'

interface File {
  path: string
  transferred: number
  unpacked: number
}

test('a reader gets scripts and style once, compressed, and the next page asks for none of them', async ({ page }) => {
  const told: string[] = []
  page.on('console', (message) => told.push(message.text()))
  page.on('response', (response) => {
    if (response.status() >= 400) told.push(`${response.status()} ${response.url()}`)
  })
  const files = async (path: string): Promise<File[]> => {
    await page.goto(path)
    await expect(page.locator('.theme-toggle')).toBeVisible()
    return page.evaluate(() =>
      (performance.getEntriesByType('resource') as PerformanceResourceTiming[])
        .map(({ name, transferSize, decodedBodySize }) => ({
          path: new URL(name).pathname,
          transferred: transferSize,
          unpacked: decodedBodySize,
        }))
        .filter(({ path }) => path.startsWith('/pkg/'))
        .sort((one, other) => (one.path < other.path ? -1 : 1)),
    )
  }
  const first = await files('/')
  expect(first.map(({ path }) => path.replace(/\.[0-9a-f]{16}\./, '.HASH.'))).toEqual([
    '/pkg/tidemark.HASH.css',
    '/pkg/tidemark.HASH.js',
    '/pkg/tidemark.HASH.wasm',
  ])
  for (const { path, transferred, unpacked } of first) {
    expect(transferred, path).toBeGreaterThan(0)
    expect(transferred, path).toBeLessThan(unpacked / 2)
  }
  const second = await files('/articles/first-steps')
  expect(second.map(({ path }) => path)).toEqual(first.map(({ path }) => path))
  expect(second.map(({ transferred }) => transferred)).toEqual([0, 0, 0])
  // Chromium warns of what was preloaded and not used within a few seconds.
  await page.waitForTimeout(5_000)
  expect(told).toEqual([])
})
