// What users show of themselves, and liking at the top and the end of an article, with and without
// JavaScript.

import { join } from 'node:path'
import type { Page } from '@playwright/test'
import { looksRight } from './looks'
import { expect, signIn, testApart as test } from './server'

const PICTURE = join(__dirname, '../../docs/screenshot.png')
const ARTICLE = '/articles/everything-markdown-can-do'
const LINE = 'Counts waves at the coast, and readers here.'

test('an author writes a line and uploads a picture, and readers see both', async ({ page, browser, server, javaScriptEnabled }, info) => {
  const look = (page: Page, name: string) => looksRight(page, name, info.project.name, javaScriptEnabled !== false)
  await signIn(page, 'marina-keel', server.password)
  await expect(page.locator('main .avatar')).toHaveText('MK')
  await page.getByLabel('A line about you').fill(LINE)
  await page.getByRole('button', { name: 'Change line' }).click()
  await expect(page.getByRole('status')).toHaveText('Line changed.')
  await expect(page.getByLabel('A line about you')).toHaveValue(LINE)

  await page.getByLabel('A picture of you').setInputFiles(__filename)
  await page.getByRole('button', { name: 'Upload picture' }).click()
  await expect(page.locator('#picture-error')).toHaveText("The file isn't a PNG, JPEG, GIF or WebP.")
  await page.getByLabel('A picture of you').setInputFiles(PICTURE)
  await page.getByRole('button', { name: 'Upload picture' }).click()
  await expect(page.getByRole('status')).toHaveText('Picture changed.')
  const address = await page.locator('main img.avatar').getAttribute('src')
  expect(address).toMatch(/^\/pictures\/[0-9a-f]{32}-192x192(-[0-9a-f]{3})?\.webp$/)
  await look(page, 'account-avatar')

  const stranger = await (await browser.newContext({ baseURL: server.url, javaScriptEnabled })).newPage()
  const avatar = (place: string) => stranger.locator(`${place} img.avatar[src="${address}"]`).first()
  await stranger.goto('/')
  await expect(avatar('.card-hero')).toBeVisible()
  await look(stranger, 'front-avatar')
  await stranger.goto(ARTICLE)
  await expect(avatar('.article-header')).toBeVisible()
  const card = stranger.locator('.author-card')
  await expect(card).toContainText(LINE)
  await look(stranger, 'article-avatar')
  await stranger.goto('/authors/marina-keel')
  await expect(avatar('.intro')).toBeVisible()
  await expect(stranger.locator('.intro')).toContainText(LINE)
  await look(stranger, 'author-avatar')
  await stranger.goto('/authors')
  await expect(avatar('.author-card')).toBeVisible()
  await look(stranger, 'authors-avatar')

  // Follow from the end of an article, after signing in.
  const reader = `fan-${info.project.name}`
  const password = server.addUser(reader, 'reader')
  await stranger.goto(ARTICLE)
  await card.getByRole('link', { name: 'Follow Marina Keel' }).click()
  await stranger.getByLabel('User name').fill(reader)
  await stranger.getByLabel('Password').fill(password)
  await stranger.getByRole('button', { name: 'Sign in and follow' }).click()
  await expect(stranger).toHaveURL('/authors/marina-keel')
  await stranger.goto(ARTICLE)
  const follow = card.getByRole('button', { name: 'Follow Marina Keel' })
  await expect(follow).toHaveAttribute('aria-pressed', 'true')
  await follow.click()
  await expect(follow).toHaveAttribute('aria-pressed', 'false')
  await expect(stranger).toHaveURL(ARTICLE)
  await stranger.context().close()

  await page.getByRole('button', { name: 'Remove picture' }).click()
  await expect(page.getByRole('status')).toHaveText('Picture removed. Your initials are shown instead.')
  await page.goto('/')
  await expect(page.locator('.card-hero .avatar')).toHaveText('MK')
})

test('Like at the top and at the end of an article show the same', async ({ page, server, javaScriptEnabled }, info) => {
  const username = `liker-${info.project.name}`
  await signIn(page, username, server.addUser(username, 'reader'), ARTICLE)
  const places = ['.article-header', '.article-footer .reactions']
  const [top, end] = places.map((place) => page.locator(place).getByRole('button', { name: /^Like/ }))
  for (const [clicked, pressed] of [[top, true], [end, false], [end, true], [top, false]] as const) {
    // Without JavaScript, the click loads the page again.
    await Promise.all([
      page.waitForResponse((response) => /set-like$/.test(response.url()) || response.url().endsWith(ARTICLE)),
      clicked.click(),
    ])
    for (const button of [top, end]) {
      await expect(button).toHaveAttribute('aria-pressed', String(pressed))
      await expect(button).toHaveAccessibleName(`Like ${Number(pressed)}`)
    }
  }
  if (javaScriptEnabled === false) return
  // After a failure both go back, and the one that was clicked says so.
  await page.route('**/set-like', (route) => route.abort())
  await top.click()
  await expect(page.locator('.article-header').getByRole('status')).toContainText('not saved')
  for (const button of [top, end]) await expect(button).toHaveAttribute('aria-pressed', 'false')
})
