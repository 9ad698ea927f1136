// Checks that a page looks right: screenshots for people (see artifacts/), and automatic checks.

import AxeBuilder from '@axe-core/playwright'
import { type Page, expect } from '@playwright/test'

/**
 * Takes screenshots on a phone and a desktop, in light and dark mode. With JavaScript, also checks
 * that nothing is wider than the screen and that axe finds no violations.
 */
export async function looksRight(page: Page, name: string, project: string, hasJavaScript: boolean) {
  await page.waitForLoadState()
  for (const [size, width, height] of [['phone', 360, 740], ['desktop', 1280, 900]] as const) {
    await page.setViewportSize({ width, height })
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      await page.screenshot({ path: `artifacts/${project}/${name}-${size}-${colorScheme}.png`, fullPage: true })
      if (!hasJavaScript) continue
      expect(await page.evaluate(() => document.documentElement.scrollWidth), `${name} at ${width}`).toBeLessThanOrEqual(width)
      const { violations } = await new AxeBuilder({ page }).analyze()
      expect(violations.map(({ id, nodes }) => `${name} ${colorScheme}: ${id}: ${nodes.map((node) => node.html)}`)).toEqual([])
    }
  }
}
