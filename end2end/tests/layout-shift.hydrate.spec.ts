// A page must not move while its pictures and fonts arrive. Both are held back until the text is
// there, as on a slow connection.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, testApart as test } from './server'

const PICTURE = readFileSync(join(__dirname, '../../docs/screenshot.png'))

test('an article with a cover, pictures and fonts that arrive late does not move', async ({ page, server }) => {
  await page.goto('/login?next=/studio/new')
  await page.getByLabel('User name').fill('marina-keel')
  await page.getByLabel('Password').fill(server.password)
  await page.locator('main').getByRole('button', { name: 'Sign in' }).click()
  await page.waitForURL('**/studio/new')
  const upload = await page.request.post('/studio/pictures', {
    headers: { accept: 'application/json', origin: new URL(page.url()).origin },
    multipart: { picture: { name: 'tide.png', mimeType: 'image/png', buffer: PICTURE } },
  })
  const { url } = await upload.json()
  await page.getByLabel('Title').fill('Nothing moves')
  await page.getByLabel('Cover picture').fill(url)
  const picture = `![A chart](${url})\n\nSome words, *slanted* and **bold**, that go on for a line or two below the picture.`
  await page.getByLabel('Text (Markdown)').fill(`Before the pictures.\n\n${picture}\n\n${picture}\n`)
  await page.getByRole('button', { name: 'Publish now' }).click()
  await page.getByText('Published. Readers can see it now.').waitFor()

  for (const width of [1280, 360]) {
    await page.setViewportSize({ width, height: 900 })
    let release = () => {}
    const isThere = new Promise<void>((resolve) => (release = resolve))
    for (const late of ['**/pictures/**', '**/fonts/**']) {
      await page.route(late, async (route) => {
        await isThere
        await route.continue()
      })
    }
    await page.goto('/articles/nothing-moves', { waitUntil: 'commit' })
    await page.locator('.prose p').last().waitFor()
    await page.evaluate(() => {
      const seen = ((window as unknown as { shifts: unknown[] }).shifts = [] as unknown[])
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries() as (PerformanceEntry & { value: number })[]) seen.push(entry.value)
      }).observe({ type: 'layout-shift', buffered: true })
    })
    release()
    await page.waitForFunction(() => [...document.images].slice(0, 2).every((image) => image.complete && image.naturalWidth > 0))
    await page.evaluate(async () => {
      await document.fonts.ready
      for (const image of document.images) image.scrollIntoView()
      await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
    })
    const shifts = await page.evaluate(() => (window as unknown as { shifts: number[] }).shifts)
    expect(shifts.reduce((sum, shift) => sum + shift, 0)).toBeLessThan(0.005)
    // What the browser has chosen is one of the copies, or the picture while there are none.
    const chosen = await page.locator('.prose img').first().evaluate((image: HTMLImageElement) => image.currentSrc)
    expect(chosen).toContain(`${url}.`)
    await page.unrouteAll({ behavior: 'wait' })
  }
})
