// The search field with JavaScript: `/` leads to it, and it suggests titles.

import AxeBuilder from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import { expect, test } from './server'

const field = (page: Page) => page.locator('#q')
// Those of the suggestions, not of the form's lists.
const options = (page: Page) => page.getByRole('listbox').getByRole('option')

/** Opens a page and waits until its script runs, which the theme button shows. */
async function open(page: Page, path: string) {
  await page.goto(path)
  await expect(page.locator('.theme-toggle')).toBeVisible()
}

test('/ goes to the field, from the search page and from any other', async ({ page }) => {
  await open(page, '/search?q=tide')
  await page.keyboard.press('/')
  await expect(field(page)).toBeFocused()
  await page.keyboard.type('a/b')
  await expect(field(page)).toHaveValue('a/b')
  await open(page, '/articles/first-steps')
  await page.keyboard.press('/')
  await expect(page).toHaveURL(/\/search#q$/)
  await expect(field(page)).toBeFocused()
})

test('titles are suggested, and one is chosen with the keyboard', async ({ page }) => {
  await open(page, '/search')
  await expect(field(page)).toHaveRole('combobox')
  await field(page).pressSequentially('crash beh')
  await expect(options(page)).toHaveText(['What a crash leaves behind'])
  await expect(field(page)).toHaveAttribute('aria-expanded', 'true')
  await expect(page.getByRole('status').first()).toContainText('1 article')
  const { violations } = await new AxeBuilder({ page }).analyze()
  expect(violations.map(({ id }) => id)).toEqual([])
  await page.keyboard.press('ArrowDown')
  await expect(options(page)).toHaveAttribute('aria-selected', 'true')
  await expect(field(page)).toHaveAttribute('aria-activedescendant', 'suggestion-0')
  await page.keyboard.press('ArrowDown')
  await expect(field(page)).not.toHaveAttribute('aria-activedescendant', /./)
  await page.keyboard.press('ArrowUp')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/\/articles\/what-a-crash-leaves-behind$/)
})

test('Escape closes the list, and Enter sends what was typed', async ({ page }) => {
  await open(page, '/search')
  await field(page).pressSequentially('cras')
  await expect(options(page)).toHaveCount(1)
  await page.keyboard.press('Escape')
  await expect(options(page)).toHaveCount(0)
  await expect(field(page)).toHaveValue('cras')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/\/search\?q=cras/)
})

test('the chosen title is marked in forced colours, too', async ({ page }) => {
  await page.emulateMedia({ forcedColors: 'active' })
  await open(page, '/search')
  await field(page).pressSequentially('count')
  await expect(options(page)).not.toHaveCount(0)
  await page.keyboard.press('ArrowDown')
  const highlight = await page.evaluate(() => {
    const probe = document.body.appendChild(document.createElement('p'))
    probe.style.backgroundColor = 'Highlight'
    return getComputedStyle(probe).backgroundColor
  })
  await expect(options(page).first()).toHaveCSS('background-color', highlight)
})

test('a suggestion can be clicked', async ({ page }) => {
  await open(page, '/search')
  await field(page).pressSequentially('cras')
  await options(page).first().click()
  await expect(page).toHaveURL(/\/articles\/what-a-crash-leaves-behind$/)
})

test('an answer that comes late is not shown', async ({ page }) => {
  await open(page, '/search')
  const held: (() => Promise<void>)[] = []
  await page.route('**/api/v1/search/suggest?q=c*', (route) => {
    held.push(() => route.continue())
  })
  await field(page).fill('cras')
  await expect.poll(() => held.length).toBe(1)
  await field(page).fill('visitor')
  await expect(options(page)).toHaveText(['Who is a visitor?'])
  // The first request was aborted, so its answer can't be sent any more.
  await held[0]().catch(() => {})
  await expect(options(page)).toHaveText(['Who is a visitor?'])
})

test('without an answer the form works as it is', async ({ page }) => {
  await open(page, '/search')
  await page.route('**/api/v1/search/suggest*', (route) => route.abort())
  await field(page).pressSequentially('crash')
  await page.keyboard.press('Enter')
  await expect(page.locator('.card').first()).toContainText('What a crash leaves behind')
})
