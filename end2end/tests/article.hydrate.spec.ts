// What the script adds to an article: copying code and the article's address.

import { expect, test } from './server'

test.use({ permissions: ['clipboard-read', 'clipboard-write'] })

test('code is copied without its line numbers, and so is the address of the article', async ({ page }) => {
  await page.goto('/articles/everything-markdown-can-do')
  const frame = page.locator('.code-frame', { has: page.locator('.giallo-ln') })
  await expect(frame.locator('.code-label')).toHaveText('rust')
  await frame.getByRole('button', { name: 'Copy' }).click()
  await expect(frame.getByRole('button')).toHaveText('Copied')
  const copied = () => page.evaluate(() => navigator.clipboard.readText())
  expect(await copied()).toBe('fn main() {\n    println!("High water");\n}')
  await page.getByRole('button', { name: 'Copy link' }).click()
  await expect(page.locator('[data-copy]')).toHaveText('Copied')
  expect(await copied()).toMatch(/\/articles\/everything-markdown-can-do$/)
})

test('formulas are drawn by the browser, and the contents stay beside the text on a wide screen', async ({ page }) => {
  await page.setViewportSize({ width: 1440, height: 900 })
  await page.goto('/articles/everything-markdown-can-do')
  const formula = await page.locator('math[display="block"]').boundingBox()
  expect(formula?.height).toBeGreaterThan(30)
  const contents = page.locator('.contents')
  const text = await page.locator('.prose').boundingBox()
  const beside = await contents.boundingBox()
  expect(beside!.x + beside!.width).toBeLessThan(text!.x)
  await page.evaluate(() => window.scrollTo(0, 3_000))
  await expect(contents).toBeInViewport()
  await page.setViewportSize({ width: 800, height: 900 })
  expect((await contents.boundingBox())!.y).toBeLessThan((await page.locator('.prose').boundingBox())!.y)
})

test('the contents are open for a screen reader too where they stand beside the text', async ({ page }) => {
  await page.setViewportSize({ width: 1440, height: 900 })
  await page.goto('/articles/everything-markdown-can-do')
  const contents = page.locator('.contents details')
  await expect(contents).toHaveJSProperty('open', true)
  await contents.locator('summary').click()
  await expect(contents).toHaveJSProperty('open', true)
  await page.setViewportSize({ width: 800, height: 900 })
  await expect(contents).toHaveJSProperty('open', false)
  await contents.locator('summary').click()
  await expect(contents).toHaveJSProperty('open', true)
})

test('a diagram is drawn, light on a dark page, and its source unfolds', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'dark' })
  await page.goto('/articles/everything-markdown-can-do')
  const diagram = page.locator('.diagram')
  const picture = diagram.getByRole('img', { name: 'Moon and sun, Tide, Wind, Surge, Water level' })
  await picture.scrollIntoViewIfNeeded()
  await expect
    .poll(() => picture.evaluate((image: HTMLImageElement) => image.complete && image.naturalWidth))
    .toBeGreaterThan(300)
  await expect(picture).toHaveCSS('filter', 'invert(1)')
  await page.emulateMedia({ colorScheme: 'light' })
  await expect(picture).toHaveCSS('filter', 'none')
  const source = diagram.getByText('M[Moon and sun] --> T{Tide}')
  await expect(source).toBeHidden()
  await diagram.getByText('Mermaid').click()
  await expect(source).toBeVisible()
})

test('a count reads from the left in an article that runs from the right', async ({ page }) => {
  await page.goto('/articles/first-steps')
  await page.locator('article').evaluate((article: HTMLElement) => (article.dir = 'rtl'))
  for (const place of ['.article-header .counted', '.end-count']) {
    const [number, noun] = await page.locator(`${place} span`).first().evaluate((count) => {
      const text = document.createTreeWalker(count, NodeFilter.SHOW_TEXT)
      const parts: { char: string; left: number }[] = []
      while (text.nextNode()) {
        const node = text.currentNode as Text
        for (let index = 0; index < node.length; index += 1) {
          const range = document.createRange()
          range.setStart(node, index)
          range.setEnd(node, index + 1)
          parts.push({ char: node.data[index] ?? '', left: range.getBoundingClientRect().left })
        }
      }
      const left = (wanted: RegExp) => parts.find(({ char }) => wanted.test(char))?.left ?? NaN
      return [left(/\d/), left(/v/)]
    })
    expect(number, place).toBeLessThan(noun ?? NaN)
  }
})
