// An author's pictures, with and without JavaScript: adding them, showing them on a phone and in
// dark mode, deleting them.

import AxeBuilder from '@axe-core/playwright'
import { join } from 'node:path'
import { expect, signIn, test } from './server'

test('an author adds a picture, sees it, and deletes it', async ({ page, server, javaScriptEnabled }, info) => {
  await signIn(page, 'marina-keel', server.password, '/studio/pictures')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Pictures')
  await expect(page.getByText('No pictures yet')).toBeVisible()

  await page.getByLabel('Add pictures').setInputFiles(__filename)
  await page.getByRole('button', { name: 'Upload' }).click()
  await expect(page.getByText("pictures.spec.ts isn't a PNG, JPEG, GIF or WebP.")).toBeVisible()

  await page.getByLabel('Add pictures').setInputFiles(join(__dirname, '../../docs/screenshot.png'))
  await page.getByRole('button', { name: 'Upload' }).click()
  await expect(page.getByRole('status')).toContainText('Picture added.')
  const markdown = page.getByLabel('Markdown for screenshot.png')
  await expect(markdown).toHaveValue(/^!\[screenshot\]\(\/pictures\/[0-9a-f]{32}-\d+x\d+-[0-9a-f]{3}\.png\)$/)
  if (javaScriptEnabled !== false) {
    const width = () => page.locator('.picture img').evaluate((picture: HTMLImageElement) => picture.naturalWidth)
    await expect.poll(width).toBeGreaterThan(100)
  }
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    for (const width of [1280, 360]) {
      await page.setViewportSize({ width, height: 800 })
      await page.screenshot({ path: `artifacts/${info.project.name}/pictures-${colorScheme}-${width}.png` })
      if (javaScriptEnabled === false) continue
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
      const { violations } = await new AxeBuilder({ page }).analyze()
      expect(violations.map(({ id, nodes }) => `${colorScheme}: ${id}: ${nodes.map((node) => node.html)}`)).toEqual([])
    }
  }

  await page.locator('.picture-delete summary').click()
  await page.getByRole('button', { name: 'Delete picture' }).click()
  await expect(page.getByRole('status')).toContainText('Picture deleted.')
  await expect(page.getByText('No pictures yet')).toBeVisible()
})
