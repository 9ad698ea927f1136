// Searching, with and without JavaScript.

import { expect, test } from './server'

const LABEL = 'Search articles'

test('a reader finds an article by other forms of its words, and sees them marked', async ({ page }) => {
  await page.goto('/search')
  await page.getByLabel(LABEL).fill('crashes leave')
  await page.locator('main').getByRole('button', { name: 'Search' }).click()
  await expect(page).toHaveURL(/\/search\?q=crashes\+leave/)
  const first = page.locator('.card').first()
  await expect(first.getByRole('heading')).toHaveText('What a crash leaves behind')
  await expect(first.locator('mark').first()).toBeVisible()
  await expect(page.getByLabel(LABEL)).toHaveValue('crashes leave')
})

test('a search can be narrowed and put into another order', async ({ page }) => {
  await page.goto('/search?q=count')
  const all = await page.locator('.card').count()
  await page.getByLabel('Order').selectOption('date')
  await page.getByLabel('Published').selectOption('year')
  await page.locator('main').getByRole('button', { name: 'Search' }).click()
  await expect(page).toHaveURL(/since=year&sort=date/)
  await expect(page.getByLabel('Order')).toHaveValue('date')
  expect(await page.locator('.card').count()).toBeLessThanOrEqual(all)
  await page.goto('/search?q=count&author=marina-keel')
  await page.getByRole('link', { name: 'any author' }).click()
  await expect(page).toHaveURL(/\/search\?q=count$/)
})

test('an empty result offers tags', async ({ page }) => {
  await page.goto('/search?q=xyzzy')
  await expect(page.locator('main')).toContainText('No article contains “xyzzy”.')
  await page.locator('main .tag').first().click()
  await expect(page).toHaveURL(/\/tags\//)
})

test('what somebody types is never markup', async ({ page }) => {
  const text = '"><mark>tide</mark> <script>x</script>'
  await page.goto(`/search?q=${encodeURIComponent(text)}`)
  await expect(page.getByLabel(LABEL)).toHaveValue(text)
  await expect(page.locator('main script')).toHaveCount(0)
})
