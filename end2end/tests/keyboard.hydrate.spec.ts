// Keyboard use and the choice of colours.

import { expect, test } from './server'

test('the first Tab offers to skip to the content, and the content takes the focus', async ({ page }) => {
  await page.goto('/')
  await page.keyboard.press('Tab')
  await expect(page.getByRole('link', { name: 'Skip to content' })).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(page.locator('main')).toBeFocused()
})

test('the arrow keys choose the time of the ranking', async ({ page }) => {
  await page.goto('/')
  // Which window is selected at first depends on the views so far.
  await page.locator('#ranking-all').focus()
  await page.keyboard.press('Space')
  await expect(page.locator('.ranking-all')).toBeVisible()
  await page.keyboard.press('ArrowLeft')
  await expect(page.locator('.ranking-7d')).toBeVisible()
  await expect(page.locator('#ranking-7d')).toBeFocused()
})

test('the colours that a reader chooses stay, from the first paint of the next page on', async ({ page }) => {
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

test('a person signs in and changes the name with the keyboard alone', async ({ page, server }) => {
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
