// Keyboard use and the choice of colours.

import { expect, test } from './server'

test('the first Tab stop skips to the content, which takes the focus', async ({ page }) => {
  await page.goto('/')
  await page.keyboard.press('Tab')
  await expect(page.getByRole('link', { name: 'Skip to content' })).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(page.locator('main')).toBeFocused()
})

test('the / key goes to the search, unless the reader has switched it off', async ({ page }) => {
  await page.goto('/tags')
  await page.keyboard.press('/')
  await expect(page).toHaveURL(/\/search#q$/)
  const choice = page.getByRole('checkbox', { name: 'Go to the search with the / key' })
  await expect(choice).toBeChecked()
  await choice.focus()
  await page.keyboard.press('Space')
  await expect(choice).not.toBeChecked()
  await page.goto('/search')
  await expect(choice).not.toBeChecked()
  await page.keyboard.press('/')
  await expect(page.getByLabel('Search articles')).not.toBeFocused()
  await choice.check()
  await page.keyboard.press('/')
  await expect(page.getByLabel('Search articles')).toBeFocused()
})

test('the arrow keys choose the period of the ranking', async ({ page }) => {
  await page.goto('/')
  // Which window is selected at first depends on the views so far.
  await page.locator('#ranking-all').focus()
  await page.keyboard.press('Space')
  await expect(page.locator('.ranking-all')).toBeVisible()
  await page.keyboard.press('ArrowLeft')
  await expect(page.locator('.ranking-7d')).toBeVisible()
  await expect(page.locator('#ranking-7d')).toBeFocused()
})

test('the chosen theme stays, from the first paint of the next page', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'light' })
  await page.goto('/')
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
  const light = await background()
  await page.getByRole('button', { name: 'Switch to dark colours' }).click()
  expect(await background()).not.toBe(light)
  const dark = await background()
  const html = await page.request.get('/articles/first-steps')
  expect(await html.text()).toContain('data-theme="dark"')
  await page.goto('/articles/first-steps')
  expect(await background()).toBe(dark)
  await page.getByRole('button', { name: 'Switch to light colours' }).click()
  expect(await background()).toBe(light)
})

test('a user signs in and changes the name by keyboard', async ({ page, server }) => {
  const password = server.addUser('keyboard', 'reader')
  await page.goto('/account')
  await page.getByLabel('User name').focus()
  await page.keyboard.type('keyboard')
  await page.keyboard.press('Tab')
  await page.keyboard.type(password)
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/\/account$/)
  await page.getByLabel('Your name').focus()
  await page.keyboard.press('Control+A')
  await page.keyboard.type('Key Board')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Space')
  await expect(page.getByRole('status')).toHaveText('Name changed.')
})
