// Accounts, with and without JavaScript: they work, they are accessible, and they look right (see
// artifacts/).

import { looksRight } from './looks'
import { Server, expect, signIn, test } from './server'

test('a wrong password is reported beside the form, which keeps the name', async ({ page, javaScriptEnabled }, info) => {
  await page.goto('/login')
  await page.getByLabel('User name').fill('marina-keel')
  await page.getByLabel('Password').fill('wrong')
  await page.locator('main').getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('alert')).toHaveText('The user name or the password is wrong.')
  await expect(page.getByLabel('User name')).toHaveValue('marina-keel')
  await expect(page.getByLabel('Password')).toHaveValue('')
  await looksRight(page, 'login-failed', info.project.name, javaScriptEnabled !== false)
})

test('a user changes the name and the password, and ends a session', async ({ page, browser, server, javaScriptEnabled }, info) => {
  const username = `person-${info.project.name}`
  const password = server.addUser(username, 'reader')
  const context = await browser.newContext({ baseURL: server.url, javaScriptEnabled })
  const other = await context.newPage()
  await signIn(other, username, password)
  await signIn(page, username, password)
  await page.getByLabel('Your name').fill('Per Son')
  await page.getByRole('button', { name: 'Change name' }).click()
  await expect(page.getByRole('status')).toHaveText('Name changed.')
  await expect(page.getByRole('banner')).toContainText('Per Son')
  await page.getByLabel('Current password').fill(password)
  await page.getByLabel('New password').fill('short')
  await page.getByRole('button', { name: 'Change password' }).click()
  await expect(page.locator('#new_password-error')).toContainText('at least 10 characters')
  await looksRight(page, 'account', info.project.name, javaScriptEnabled !== false)
  await page.getByRole('button', { name: 'End session' }).click()
  await expect(page.getByRole('status')).toContainText('That session has ended')
  await other.goto('/account')
  await expect(other).toHaveURL(/\/login/)
  await context.close()
})

test('an administrator adds and blocks a user, and invites', async ({ browser, javaScriptEnabled }, info) => {
  const server = await Server.start({ TIDEMARK_ACCOUNTS__SIGN_UP: 'invite' })
  const context = await browser.newContext({ baseURL: server.url, javaScriptEnabled })
  const page = await context.newPage()
  try {
    await signIn(page, 'boss', server.addUser('boss', 'admin'), '/users')
    await page.locator('main').getByLabel('User name').fill('writer')
    await page.getByRole('button', { name: 'Add user' }).click()
    const password = await page.locator('.secret').textContent()
    await looksRight(page, 'users', info.project.name, javaScriptEnabled !== false)
    // On a phone, a long name leaves the buttons in sight.
    server.addUser('wilhelmina-anastasia-vanderbilt', 'author')
    await page.setViewportSize({ width: 360, height: 740 })
    await page.goto('/users')
    const hidden = await page.getByRole('region', { name: 'Users' }).evaluate((frame) => frame.scrollWidth - frame.clientWidth)
    expect(hidden).toBe(0)
    await page.getByRole('button', { name: 'Create invitation' }).click()
    const invitation = new URL((await page.locator('.secret').textContent())!)
    const guest = await (await browser.newContext({ baseURL: server.url, javaScriptEnabled })).newPage()
    await guest.goto(invitation.pathname + invitation.search)
    await guest.getByLabel('User name').fill('Not A Name')
    await guest.getByLabel('Name', { exact: true }).fill('Guest')
    await guest.getByLabel('Password').fill('a-good-password')
    await guest.getByRole('button', { name: 'Sign up' }).click()
    await expect(guest.locator('#username-error')).toContainText('not-a-name')
    await looksRight(guest, 'sign-up', info.project.name, javaScriptEnabled !== false)
    await guest.getByLabel('User name').fill('guest')
    await guest.getByLabel('Password').fill('a-good-password')
    await guest.getByRole('button', { name: 'Sign up' }).click()
    await expect(guest.getByRole('banner')).toContainText('Guest')
    await guest.getByRole('button', { name: 'Sign out' }).click()
    await signIn(guest, 'writer', password!)
    await page.goto('/users')
    // One click only asks.
    await page.locator('summary', { hasText: 'Block writer' }).click()
    await looksRight(page, 'users-confirm', info.project.name, javaScriptEnabled !== false)
    await guest.reload()
    await expect(guest).toHaveURL(/\/account$/)
    await page.getByRole('button', { name: 'Block writer' }).click()
    await guest.goto('/account')
    await expect(guest).toHaveURL(/\/login/)
  } finally {
    await context.close()
    await server.stop()
  }
})
