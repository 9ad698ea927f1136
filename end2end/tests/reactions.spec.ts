// Likes, collects and follows, with and without JavaScript.

import type { Page } from '@playwright/test'
import { looksRight } from './looks'
import { type Server, expect, signIn, test } from './server'

const AUTHOR = 'marina-keel'

const reactions = (page: Page) => page.locator('.article-footer .reactions')

test('a reader who signs in to like an article is told so, and likes it with the sign-in', async ({ page, server }) => {
  const path = '/articles/moving-in'
  await page.goto(path)
  await reactions(page).getByRole('link', { name: /^Like/ }).click()
  await expect(page).toHaveURL(/\/login\?next=/)
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Sign in to like “Moving in”')
  await page.getByLabel('User name').fill('marina-keel')
  await page.getByLabel('Password').fill(server.password)
  await page.getByRole('button', { name: 'Sign in and like' }).click()
  await expect(page).toHaveURL(path)
  await expect(reactions(page).getByRole('button', { name: /^Like/ })).toHaveAttribute('aria-pressed', 'true')
})

test('a reader likes and unlikes an article, and both persist', async ({ page, server }) => {
  await signIn(page, AUTHOR, server.password, '/articles/first-steps')
  const like = reactions(page).getByRole('button', { name: /^Like / })
  await expect(like).toHaveAttribute('aria-pressed', 'false')
  await expect(like).toHaveText(/Like\s*0/)
  await like.click()
  await expect(like).toHaveAttribute('aria-pressed', 'true')
  await expect(like).toHaveText(/Like\s*1/)
  // A screen reader says "Like 1, pressed", so the name must not repeat the state.
  await expect(like).toHaveAccessibleName('Like 1')
  await expect.poll(() => likes(server, 'first-steps')).toBe(1)
  await page.reload()
  await expect(like).toHaveText(/Like\s*1/)
  await like.click()
  await expect(like).toHaveText(/Like\s*0/)
  await expect.poll(() => likes(server, 'first-steps')).toBe(0)
  await page.reload()
  await expect(like).toHaveAttribute('aria-pressed', 'false')
})

test('a reader saves an article and finds it under Saved in the menu', async ({ page, server }) => {
  await signIn(page, AUTHOR, server.password, '/collects')
  await expect(page.getByRole('heading', { name: 'Nothing saved yet' })).toBeVisible()
  await page.goto('/articles/who-is-a-visitor')
  const collect = reactions(page).getByRole('button', { name: /^Save/ })
  await collect.click()
  await expect(collect).toHaveText(/Save\s*1/)
  await expect.poll(async () => (await article(server, 'who-is-a-visitor')).collects).toBe(1)
  await page.getByRole('navigation', { name: 'Site' }).getByRole('link', { name: 'Saved' }).click()
  await expect(page).toHaveURL('/collects')
  await page.locator('.card-title a').first().click()
  await expect(page).toHaveURL('/articles/who-is-a-visitor')
  await collect.click()
  await expect(collect).toHaveText(/Save\s*0/)
  await expect.poll(async () => (await article(server, 'who-is-a-visitor')).collects).toBe(0)
})

test('a reader follows an author and unfollows on the Following page', async ({ page, server }) => {
  await signIn(page, 'follower', server.addUser('follower', 'reader'), '/authors/marina-keel')
  const follow = page.locator('main').getByRole('button', { name: /^Follow Marina Keel/ })
  await expect(follow).toHaveAttribute('aria-pressed', 'false')
  await expect(page.locator('.intro')).toContainText('0 followers')
  await follow.click()
  await expect(follow).toHaveAttribute('aria-pressed', 'true')
  await expect(page.locator('.intro')).toContainText('1 follower')
  const followed = page.locator('.followed li')
  // With JavaScript, the request may still be pending.
  await expect(async () => {
    await page.goto('/following')
    await expect(followed).toHaveCount(1, { timeout: 5_000 })
  }).toPass()
  await expect(page.locator('.card').first()).toContainText('Marina Keel')
  await follow.click()
  await expect(page.getByRole('button', { name: /^Follow/, pressed: true })).toHaveCount(0)
  await expect(async () => {
    await page.goto('/following')
    await expect(page.getByRole('heading', { name: "You aren't following anyone yet" })).toBeVisible({ timeout: 5_000 })
  }).toPass()
  await page.goto('/authors/marina-keel')
  await expect(page.locator('.intro')).toContainText('0 followers')
})

test('authors see their followers, and no button to follow themselves', async ({ page, server }) => {
  await signIn(page, AUTHOR, server.password, '/authors/marina-keel')
  await expect(page.locator('.intro')).toContainText('0 followers')
  await expect(page.getByRole('button', { name: /^Follow/ })).toHaveCount(0)
  await page.getByRole('navigation', { name: 'Site' }).getByRole('link', { name: 'Following' }).click()
  await expect(page.getByRole('heading', { name: "You aren't following anyone yet" })).toBeVisible()
})

test('a phone shows the whole buttons, in light and dark', async ({ page, server }, info) => {
  await signIn(page, AUTHOR, server.password, '/articles/first-steps')
  await page.setViewportSize({ width: 360, height: 740 })
  await reactions(page).scrollIntoViewIfNeeded()
  for (const button of await reactions(page).getByRole('button').all()) {
    const box = await button.boundingBox()
    expect(box!.x).toBeGreaterThanOrEqual(0)
    expect(box!.x + box!.width).toBeLessThanOrEqual(360)
    expect(box!.height).toBeGreaterThanOrEqual(40)
  }
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    await page.screenshot({ path: `artifacts/${info.project.name}/reactions-phone-${colorScheme}.png` })
  }
})

async function article(server: Server, slug: string): Promise<{ likes: number; collects: number }> {
  const list = await (await fetch(`${server.url}/api/v1/articles?per-page=100`)).json()
  return list.articles.find((article: { slug: string }) => article.slug === slug)
}

async function likes(server: Server, slug: string): Promise<number> {
  return (await article(server, slug)).likes
}

test('the Following and Saved pages look right', async ({ page, server, javaScriptEnabled }, info) => {
  const username = `looks-${info.project.name}`
  await signIn(page, username, server.addUser(username, 'reader'), '/following')
  await looksRight(page, 'following-empty', info.project.name, javaScriptEnabled !== false)
  await page.goto('/collects')
  await looksRight(page, 'collects-empty', info.project.name, javaScriptEnabled !== false)
  await page.goto('/authors/marina-keel')
  await page.getByRole('button', { name: /^Follow/ }).click()
  await expect(page.getByRole('button', { name: /^Follow/, pressed: true })).toBeVisible()
  await looksRight(page, 'author-followed', info.project.name, javaScriptEnabled !== false)
  await page.goto('/following')
  await expect(page.locator('.card').first()).toBeVisible()
  await looksRight(page, 'following', info.project.name, javaScriptEnabled !== false)
})
