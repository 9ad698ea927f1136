// Every flow of authors, readers and administrators with the keyboard alone. Nothing is clicked.

import type { Locator, Page } from '@playwright/test'
import { Server, expect, signIn, test } from './server'

const AUTHOR = 'marina-keel'

/** Presses Tab until `target` has the focus, then presses `key`. */
async function press(page: Page, target: Locator, key = 'Enter') {
  await expect(target).toBeVisible()
  const hasFocus = () => target.evaluate((element) => element === document.activeElement)
  for (let stops = 0; stops < 150 && !(await hasFocus()); stops++) await page.keyboard.press('Tab')
  await expect(target).toBeFocused()
  await page.keyboard.press(key)
}

/** Presses a button that updates optimistically, and waits for the server's answer. */
async function pressAndWait(page: Page, target: Locator) {
  const answered = page.waitForResponse((response) => response.url().includes('/api/islands/set-'))
  await press(page, target)
  await answered
}

/** Replaces the text of a field by typing. */
async function type(page: Page, field: Locator, text: string) {
  await press(page, field, 'Control+A')
  await page.keyboard.type(text)
}

test('an author saves over a conflict, restores a revision, and uses the bin', async ({ page, context, server }) => {
  await signIn(page, AUTHOR, server.password, '/studio')
  await press(page, page.getByRole('link', { name: 'New article' }))
  await type(page, page.getByLabel('Title'), 'All by keys')
  await type(page, page.getByLabel('Text (Markdown)'), 'First.')
  await press(page, page.getByRole('button', { name: 'Save draft' }))
  await expect(page.getByText('Saved.', { exact: true })).toBeVisible()
  const other = await context.newPage()
  await other.goto(page.url())
  await type(other, other.getByLabel('Text (Markdown)'), 'Second.')
  await press(other, other.getByRole('button', { name: 'Save draft' }))
  await expect(other.getByText('Saved.', { exact: true })).toBeVisible()
  await type(page, page.getByLabel('Text (Markdown)'), 'Third.')
  await press(page, page.getByRole('button', { name: 'Save draft' }))
  await expect(page.getByRole('heading', { name: 'This article was changed in another tab' })).toBeVisible()
  await press(page, page.getByRole('button', { name: 'Save draft' }))
  await expect(page.getByText('Saved.', { exact: true })).toBeVisible()
  await press(page, page.getByRole('link', { name: 'Revisions' }))
  await press(page, page.getByRole('link', { name: 'Version 2' }))
  await press(page, page.getByRole('button', { name: 'Restore this revision' }))
  await expect(page.getByLabel('Text (Markdown)')).toHaveValue('Second.')
  await press(page, page.locator('summary', { hasText: 'Publish later' }))
  const inAnHour = new Date(Date.now() + 3_600_000).toISOString().slice(0, 16)
  await page.getByLabel('Time (UTC)').fill(inAnHour)
  await press(page, page.getByRole('button', { name: 'Schedule' }))
  await expect(page.getByText('Scheduled. Readers will see it at the time below.')).toBeVisible()
  await press(page, page.getByRole('button', { name: 'Move to bin' }))
  await press(page, page.getByRole('link', { name: 'Bin', exact: true }))
  await press(page, page.getByRole('link', { name: 'All by keys' }))
  await press(page, page.getByRole('button', { name: 'Restore' }))
  await expect(page.getByText('Article restored.')).toBeVisible()
})

test('a reader follows and saves, and undoes both', async ({ page, server }) => {
  await signIn(page, 'key-reader', server.addUser('key-reader', 'reader'), '/authors/marina-keel')
  await pressAndWait(page, page.getByRole('button', { name: /^Follow/ }))
  await expect(page.getByRole('button', { name: /^Follow/, pressed: true })).toBeVisible()
  await page.goto('/articles/first-steps')
  await pressAndWait(page, page.getByRole('button', { name: /^Save/ }))
  await expect(page.getByRole('button', { name: /^Save/, pressed: true })).toBeVisible()
  await press(page, page.getByRole('navigation', { name: 'Site' }).getByRole('link', { name: 'Following' }))
  await expect(page.locator('.card').first()).toBeVisible()
  await pressAndWait(page, page.getByRole('button', { name: /^Follow/, pressed: true }).first())
  await page.goto('/collects')
  await press(page, page.locator('.card-title a').first())
  await pressAndWait(page, page.getByRole('button', { name: /^Save/, pressed: true }))
  await expect(page.getByRole('button', { name: /^Save\b/ })).toHaveAttribute('aria-pressed', 'false')
  await press(page, page.getByRole('button', { name: 'Sign out' }))
  await expect(page.getByRole('link', { name: 'Sign in' })).toBeVisible()
})

test('an administrator adds, promotes and blocks a user, who changes the password and ends a session', async ({ browser }) => {
  const server = await Server.start({ TIDEMARK_ACCOUNTS__SIGN_UP: 'invite' })
  const context = await browser.newContext({ baseURL: server.url })
  const page = await context.newPage()
  try {
    await signIn(page, 'boss', server.addUser('boss', 'admin'), '/users')
    await press(page, page.getByRole('button', { name: 'Create invitation' }))
    const invitation = new URL((await page.locator('.secret').textContent())!)
    const guest = await (await browser.newContext({ baseURL: server.url })).newPage()
    await guest.goto(invitation.pathname + invitation.search)
    await type(guest, guest.getByLabel('User name'), 'guest')
    await type(guest, guest.getByLabel('Name', { exact: true }), 'Guest')
    await type(guest, guest.getByLabel('Password'), 'a-good-password')
    await guest.keyboard.press('Enter')
    await expect(guest.getByRole('banner')).toContainText('Guest')
    const second = await (await browser.newContext({ baseURL: server.url })).newPage()
    await signIn(second, 'guest', 'a-good-password')
    await press(second, second.getByRole('button', { name: 'End session' }))
    await expect(second.getByText('That session has ended.')).toBeVisible()
    await type(second, second.getByLabel('Current password'), 'a-good-password')
    await type(second, second.getByLabel('New password'), 'another-good-password')
    await second.keyboard.press('Enter')
    await expect(second.getByText('Password changed.')).toBeVisible()
    await page.goto('/users')
    await press(page, page.getByLabel('Role of guest', { exact: true }), 'a')
    await press(page, page.getByRole('button', { name: 'Change the role of guest' }))
    await expect(page.getByText('Role changed.')).toBeVisible()
    await press(page, page.locator('summary', { hasText: 'Block guest' }))
    await press(page, page.getByRole('button', { name: 'Block guest' }))
    await expect(page.getByText('User blocked.')).toBeVisible()
    await second.goto('/account')
    await expect(second).toHaveURL(/\/login/)
  } finally {
    await context.close()
    await server.stop()
  }
})
