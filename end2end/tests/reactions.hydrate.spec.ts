// Likes and collects with JavaScript: they update at once, stay on the page, and end in the right
// state however fast somebody clicks.

import AxeBuilder from '@axe-core/playwright'
import type { Page, Route } from '@playwright/test'
import { Server, expect, signIn, test as base } from './server'

// A separate server, because other specs expect to start without reactions.
const test = base.extend<{}, { server: Server }>({
  server: [
    async ({}, use) => {
      const server = await Server.start()
      await use(server)
      await server.stop()
    },
    { scope: 'worker' },
  ],
})

/** Signs in as the author of the samples, opens an article, and waits until its script runs. */
async function open(page: Page, server: Server, slug: string) {
  await signIn(page, 'marina-keel', server.password, `/articles/${slug}`)
  // The theme button appears once the script runs.
  await expect(page.locator('.theme-toggle')).toBeVisible()
}

const button = (page: Page, name: RegExp) => page.locator('.article-footer .reactions').getByRole('button', { name })
const like = (page: Page) => button(page, /^Like /)
const collect = (page: Page) => button(page, /^Save /)

async function article(server: Server, slug: string): Promise<{ likes: number; collects: number }> {
  const list = await (await fetch(`${server.url}/api/v1/articles?per-page=100`)).json()
  return list.articles.find((article: { slug: string }) => article.slug === slug)
}

/** Holds requests to an endpoint until they are released, and records what each asked for. */
async function hold(page: Page, endpoint: string) {
  const waiting: Route[] = []
  const asked: string[] = []
  await page.route(`**/api/islands/${endpoint}`, (route) => {
    asked.push(route.request().postData() ?? '')
    waiting.push(route)
  })
  const release = async () => {
    await expect.poll(() => waiting.length).toBeGreaterThan(0)
    await waiting.shift()!.continue()
  }
  return { asked, waiting, release }
}

test('a like shows before the server has answered, without leaving the page', async ({ page, server }) => {
  await open(page, server, 'first-steps')
  const held = await hold(page, 'set-like')
  let loads = 0
  page.on('load', () => (loads += 1))
  await like(page).click()
  await expect(like(page)).toHaveText(/Like\s*1/)
  await expect(like(page)).toHaveAttribute('aria-pressed', 'true')
  expect((await article(server, 'first-steps')).likes).toBe(0)
  await held.release()
  await expect.poll(async () => (await article(server, 'first-steps')).likes).toBe(1)
  await expect(like(page)).toHaveText(/Like\s*1/)
  expect(loads).toBe(0)
  await page.reload()
  await expect(like(page)).toHaveText(/Like\s*1/)
})

test('after fast clicks the last one wins, with one request at a time', async ({ page, server }) => {
  await open(page, server, 'moving-in')
  const held = await hold(page, 'set-like')
  // On, off, on: the first request, still pending, already asks for the final state.
  for (let click = 0; click < 3; click++) await like(page).click()
  await expect(like(page)).toHaveText(/Like\s*1/)
  await expect.poll(() => held.asked).toHaveLength(1)
  const answer = page.waitForResponse('**/set-like')
  await held.release()
  await (await answer).finished()
  expect((await article(server, 'moving-in')).likes).toBe(1)
  await expect(like(page)).toHaveText(/Like\s*1/)
  expect(held.asked).toHaveLength(1)
  // Off, on, off, on, off: the first request asks for the final state, so no other follows.
  for (let click = 0; click < 5; click++) await like(page).click()
  await expect(like(page)).toHaveText(/Like\s*0/)
  await held.release()
  await expect.poll(async () => (await article(server, 'moving-in')).likes).toBe(0)
  // On, off: the second change is sent once the first request is done.
  await like(page).click()
  await like(page).click()
  await expect(like(page)).toHaveText(/Like\s*0/)
  await held.release()
  await held.release()
  expect(held.asked).toHaveLength(4)
  expect(held.asked[3]).toContain('like=false')
  await expect.poll(async () => (await article(server, 'moving-in')).likes).toBe(0)
  await expect(like(page)).toHaveText(/Like\s*0/)
  await expect(like(page)).toHaveAttribute('aria-pressed', 'false')
})

test('a double click changes nothing', async ({ page, server }) => {
  await open(page, server, 'writing-for-the-web')
  const answers: string[] = []
  page.on('response', (response) => {
    if (response.url().endsWith('/set-collect')) answers.push(response.request().postData() ?? '')
  })
  await collect(page).dblclick()
  await expect(collect(page)).toHaveText(/Save\s*0/)
  await expect.poll(() => answers.at(-1) ?? '').toContain('collect=false')
  expect((await article(server, 'writing-for-the-web')).collects).toBe(0)
  await page.reload()
  await expect(collect(page)).toHaveAttribute('aria-pressed', 'false')
})

test('an article can be liked and saved by keyboard, and the focus stays on the button', async ({ page, server }) => {
  await open(page, server, 'a-count-you-can-trust')
  await like(page).focus()
  await page.keyboard.press('Enter')
  await expect(like(page)).toHaveText(/Like\s*1/)
  await expect(like(page)).toBeFocused()
  await page.keyboard.press('Tab')
  await expect(collect(page)).toBeFocused()
  await page.keyboard.press('Space')
  await expect(collect(page)).toHaveText(/Save\s*1/)
  await expect(collect(page)).toBeFocused()
  await expect.poll(() => article(server, 'a-count-you-can-trust')).toMatchObject({ likes: 1, collects: 1 })
})

test('a failure reverts the change and says so', async ({ page, server }) => {
  await open(page, server, 'who-is-a-visitor')
  const status = page.locator('.article-footer .reactions').getByRole('status').filter({ hasText: 'not saved' })
  let isBroken = true
  await page.route('**/api/islands/set-like', (route) =>
    isBroken ? route.fulfill({ status: 500, contentType: 'application/json', body: '"Unavailable"' }) : route.continue(),
  )
  await like(page).click()
  await expect(status).toHaveText(/That was not saved\. .*try again/)
  await expect(like(page)).toHaveText(/Like\s*0/)
  await expect(like(page)).toHaveAttribute('aria-pressed', 'false')
  isBroken = false
  await like(page).click()
  await expect(like(page)).toHaveText(/Like\s*1/)
  await expect(status).toHaveCount(0)
  await expect.poll(async () => (await article(server, 'who-is-a-visitor')).likes).toBe(1)
})

test('an answer from something else, such as a proxy, is a failure too', async ({ page, server }) => {
  await open(page, server, 'chao-xi-yu-shui-wei-biao')
  const answers = [
    { status: 502, contentType: 'text/html', body: '<h1>Bad Gateway</h1>' },
    { status: 200, contentType: 'text/html', body: '<h1>Sign in to the hotel</h1>' },
    { status: 200, contentType: 'application/json', body: '{"welcome": true}' },
  ]
  for (const answer of answers) {
    await page.route('**/api/islands/set-like', (route) => route.fulfill(answer))
    await like(page).click()
    await expect(page.getByText("That was not saved. This can't be done right now.")).toBeVisible()
    await expect(like(page)).toHaveText(/Like\s*0/)
    await page.unroute('**/api/islands/set-like')
  }
})

test('a reader who has been signed out meanwhile is told', async ({ page, server, context }) => {
  await open(page, server, 'what-a-crash-leaves-behind')
  await context.clearCookies()
  await like(page).click()
  await expect(page.getByText('That was not saved. Please sign in first.')).toBeVisible()
  await expect(like(page)).toHaveText(/Like\s*0/)
})

test('the buttons are accessible, pressed or not, in light and dark', async ({ page, server }) => {
  await open(page, server, 'everything-markdown-can-do')
  await collect(page).click()
  await expect(collect(page)).toHaveAttribute('aria-pressed', 'true')
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    const { violations } = await new AxeBuilder({ page }).include('.reactions').analyze()
    expect(violations.map(({ id, nodes }) => `${colorScheme}: ${id}: ${nodes.map((node) => node.html)}`)).toEqual([])
  }
})
