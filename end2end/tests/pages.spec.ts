// Every page, with and without JavaScript: it works, it is accessible in light and dark mode, and
// it looks right (see artifacts/).

import AxeBuilder from '@axe-core/playwright'
import { expect, test } from './server'

const PAGES: [name: string, path: string, status: number, heading: string | RegExp][] = [
  ['front', '/', 200, 'Tidemark'],
  ['article-long', '/articles/everything-markdown-can-do', 200, /Markdown/],
  ['article-chinese', '/articles/chao-xi-yu-shui-wei-biao', 200, /./],
  ['article-russian', '/articles/kak-more-uchit-schitat', 200, /./],
  ['tag', '/tags/counting', 200, 'Counting'],
  ['author', '/authors/marina-keel', 200, 'Marina Keel'],
  ['tags', '/tags', 200, 'Tags'],
  ['authors', '/authors', 200, 'Authors'],
  ['archive', '/archive', 200, 'Archive'],
  ['most-viewed', '/most-viewed', 200, 'Most viewed'],
  ['counting', '/counting', 200, /count/],
  ['search', '/search?q=tide&since=year&sort=date&tag=counting', 200, 'Search'],
  ['search-empty', '/search?q=xyzzy', 200, 'Search'],
  ['login', '/login', 200, 'Sign in'],
  ['api', '/docs/api', 200, 'JSON API'],
  ['not-found', '/no/such/page', 404, 'Nothing here'],
]

for (const [name, path, status, heading] of PAGES) {
  test(`the page ${name} reads and is accessible`, async ({ page, browser, server, javaScriptEnabled }, info) => {
    const errors: string[] = []
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().includes(`status of ${status}`)) errors.push(message.text())
    })
    page.on('pageerror', (error) => errors.push(error.message))
    const response = await page.goto(path)
    expect(response?.status()).toBe(status)
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(heading)
    await expect(page.locator('html')).toHaveAttribute('lang', 'en')
    // Nothing may be wider than a phone's screen.
    await page.setViewportSize({ width: 360, height: 740 })
    if (javaScriptEnabled !== false) {
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360)
    }
    await page.screenshot({ path: `artifacts/${info.project.name}/${name}-phone.png` })
    await page.setViewportSize({ width: 1280, height: 900 })
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      await page.screenshot({ path: `artifacts/${info.project.name}/${name}-${colorScheme}.png` })
      if (javaScriptEnabled !== false) {
        const { violations } = await new AxeBuilder({ page }).analyze()
        expect(violations.map(({ id, nodes }) => `${colorScheme}: ${id}: ${nodes.map((node) => node.html)}`)).toEqual([])
      }
    }
    // The theme button appears once the script runs. Errors could only occur after that.
    if (javaScriptEnabled !== false) await expect(page.locator('.theme-toggle')).toBeVisible()
    expect(errors).toEqual([])
  })
}

test('a reader goes from the front page to an article, its author and its tag, and back by the logo', async ({ page }) => {
  await page.goto('/')
  await page.locator('.card-title a').first().click()
  await expect(page).toHaveURL(/\/articles\//)
  await page.locator('.article-header').getByRole('link', { name: 'Marina Keel' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Marina Keel')
  await page.locator('.tag').first().click()
  await expect(page).toHaveURL(/\/tags\//)
  await page.getByRole('banner').getByRole('link', { name: 'Tidemark', exact: true }).click()
  await expect(page).toHaveURL(/\/$/)
})

test('a reader finds an article by a word of its text', async ({ page }) => {
  await page.goto('/search')
  await page.getByLabel('Search articles').fill('footnote')
  await page.locator('main').getByRole('button', { name: 'Search' }).click()
  await expect(page.locator('.card').first()).toContainText('Markdown')
})

test('on a phone, the header is one row and the keyboard opens its links', async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 740 })
  await page.goto('/')
  const header = await page.getByRole('banner').boundingBox()
  expect(header?.height).toBeLessThanOrEqual(72)
  const links = page.getByRole('navigation', { name: 'Site' })
  await expect(links).toBeHidden()
  await page.getByRole('button', { name: 'Menu' }).press('Enter')
  await expect(links).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(links).toBeHidden()
  await page.getByRole('button', { name: 'Menu' }).click()
  await links.getByRole('link', { name: 'Most viewed' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Most viewed')
  await expect(page.locator('.sidebar'), 'the ranking is there already').toHaveCount(0)
})

test('the first article of the front page stands out, and each author has initials', async ({ page }) => {
  await page.goto('/')
  await expect(page.locator('.card').first()).toHaveClass(/card-hero/)
  await expect(page.locator('.card-hero')).toHaveCount(1)
  await expect(page.locator('.card').filter({ hasText: 'Marina Keel' }).first().locator('.avatar').first()).toHaveText('MK')
})

test('a page is printed in light colours, whatever the reader prefers', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'dark', media: 'print' })
  await page.goto('/articles/everything-markdown-can-do')
  const lightness = (selector: string, property: 'color' | 'backgroundColor') =>
    page.locator(selector).first().evaluate((element, name) => {
      const numbers = getComputedStyle(element)[name].match(/[\d.]+/g) ?? []
      return numbers.slice(0, 3).reduce((sum, number) => sum + Number(number), 0)
    }, property)
  expect(await lightness('body', 'backgroundColor')).toBeGreaterThan(600)
  expect(await lightness('body', 'color')).toBeLessThan(200)
  expect(await lightness('.prose pre', 'backgroundColor'), 'highlighted code').toBeGreaterThan(600)
  expect(await lightness('.prose pre', 'color'), 'highlighted code').toBeLessThan(200)
})

test('on paper, no line of code is cut off, and there is nothing to press', async ({ page }) => {
  // Narrower than most paper, so that lines are too long.
  await page.setViewportSize({ width: 400, height: 900 })
  await page.emulateMedia({ media: 'print' })
  await page.goto('/articles/everything-markdown-can-do')
  const cut = await page.locator('.prose pre').evaluateAll((all) => all.filter((code) => code.scrollWidth > code.clientWidth).length)
  expect(cut).toBe(0)
  await expect(page.locator('.reaction').filter({ visible: true })).toHaveCount(0)
})

test('on a phone, the count of views does not stand alone on a line', async ({ page }) => {
  for (const width of [320, 360, 390, 412]) {
    await page.setViewportSize({ width, height: 740 })
    for (const path of ['/', '/articles/what-a-crash-leaves-behind', '/articles/everything-markdown-can-do']) {
      await page.goto(path)
      const alone = await page.locator(':is(.card, .article-header) .meta-parts').evaluateAll((lines) =>
        lines.filter(({ children }) => {
          const [before, last] = [...children].slice(-2).map((part) => part.getBoundingClientRect())
          return last.top >= before.bottom - 4
        }).length,
      )
      expect(alone, `${path} at ${width}`).toBe(0)
    }
  }
})

test('the ranking of another period is one click away', async ({ page }) => {
  await page.goto('/')
  for (const [label, list] of [['7 days', '.ranking-7d'], ['All time', '.ranking-all'], ['24 hours', '.ranking-24h']]) {
    await page.locator('.rankings label', { hasText: label }).click()
    await expect(page.locator(list)).toBeVisible()
  }
})
