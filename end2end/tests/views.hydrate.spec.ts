// Counting as a reader sees it. Each test has its own article, and each reader is a browser with
// its own User-Agent.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from '@playwright/test'
import { READER } from '../playwright.config'
import { BINARY, Server, expect, signIn, test as base } from './server'

// All readers here share one IP address. The cap of rule C3 has its own tests.
const test = base.extend<{}, { server: Server }>({
  server: [
    async ({}, use) => {
      const server = await Server.start({ TIDEMARK_VIEWS__PER_IP_CAP: '1000' })
      await use(server)
      await server.stop()
    },
    { scope: 'worker' },
  ],
})

let readers = 0
function reader(browser: Browser, server: Server): Promise<BrowserContext> {
  readers += 1
  return browser.newContext({ userAgent: `${READER} Reader/${process.pid}.${readers}`, baseURL: server.url })
}

const count = (page: Page) => page.locator('.view-count')
const words = (views: number) => (views === 1 ? '1 view' : `${views} views`)
const answered = (page: Page) => page.waitForResponse((response) => response.url().endsWith('/record-view'))

/** Records every text that the count shows on pages loaded from now on. */
const watchCount = (page: Page) =>
  page.addInitScript(() => {
    const seen: string[] = []
    Object.assign(window, { seen })
    new MutationObserver(() => {
      const text = document.querySelector('.view-count')?.textContent
      if (text && seen.at(-1) !== text) seen.push(text)
    }).observe(document, { subtree: true, childList: true, characterData: true })
  })

/** The texts that the count has shown on this page. */
const shown = (page: Page) => page.evaluate(() => (window as unknown as { seen: string[] }).seen)

test('C6: readers see their +1 before the server has answered, and it stays', async ({ browser, server }) => {
  const context = await reader(browser, server)
  const page = await context.newPage()
  let release = () => {}
  const held = new Promise<void>((done) => (release = done))
  await page.route('**/record-view', async (route) => {
    await held
    await route.continue()
  })
  await page.goto('/articles/first-steps')
  await expect(count(page)).toHaveText('1 view')
  expect(await server.views('first-steps')).toBe(0)
  const answer = answered(page)
  release()
  expect((await (await answer).json()).counted).toBe(true)
  await expect(count(page)).toHaveText('1 view')
  expect(await server.views('first-steps')).toBe(1)
  await context.close()
})

test('C2: a reload within the window adds nothing, and shows no +1', async ({ browser, server }) => {
  const context = await reader(browser, server)
  const page = await context.newPage()
  const first = answered(page)
  await page.goto('/articles/moving-in')
  await first
  await expect(count(page)).toHaveText('1 view')
  for (let reload = 0; reload < 3; reload++) {
    const answer = answered(page)
    await watchCount(page)
    await page.reload()
    expect((await (await answer).json()).reason).toBe('repeat')
    await expect(count(page)).toHaveText('1 view')
    expect(await shown(page)).toEqual(['1 view'])
  }
  expect(await server.views('moving-in')).toBe(1)
  await context.close()
})

test('what was read is remembered only by the tab, and forgotten at sign-out', async ({ browser, server }, info) => {
  const context = await reader(browser, server)
  const page = await context.newPage()
  const username = `reads-${info.project.name}`
  await signIn(page, username, server.addUser(username, 'reader'))
  const answer = answered(page)
  await page.goto('/articles/kak-more-uchit-schitat')
  await answer
  const read = (tab: Page) =>
    tab.evaluate(() => Object.keys(sessionStorage).filter((key) => key.startsWith('tidemark.read.')).length)
  await expect.poll(() => read(page)).toBe(1)
  const other = await context.newPage()
  const again = answered(other)
  await other.goto('/articles/kak-more-uchit-schitat')
  await again
  await expect.poll(() => read(other)).toBe(1)
  expect(await page.evaluate(() => localStorage.length)).toBe(0)
  await page.getByRole('banner').getByRole('button', { name: 'Sign out' }).click()
  await expect(page.getByRole('banner')).toContainText('Sign in')
  expect(await read(page)).toBe(0)
  await expect.poll(() => read(other)).toBe(0)
  await context.close()
})

test('C1: an article counts whatever ids its text has', async ({ browser }) => {
  const server = await Server.start()
  const ids = ['site-texts', 'site-nav', 'how-counted', 'q']
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-ids-'))
  const headings = '\n\n## Site texts\n\nNot JSON.\n'
  const elements = ids.map((id) => `<p id="${id}">no JSON</p>\n\n<a name="${id}">no JSON</a>\n\n`).join('')
  writeFileSync(join(folder, 'ids.md'), `---\ntitle: Ids\ndate: 2026-11-01\n---\n${elements}${headings}`)
  const { status, stderr } = spawnSync(BINARY, ['import', folder], { env: server.env, cwd: folder, encoding: 'utf8' })
  rmSync(folder, { recursive: true })
  expect(status, stderr).toBe(0)
  await expect.poll(async () => (await fetch(`${server.url}/articles/ids`)).status).toBe(200)
  const context = await reader(browser, server)
  const page = await context.newPage()
  const errors: Error[] = []
  page.on('pageerror', (error) => errors.push(error))
  const answer = answered(page)
  await page.goto('/articles/ids')
  expect((await (await answer).json()).counted).toBe(true)
  await expect(count(page)).toHaveText('1 view')
  for (const id of ids) await expect(page.locator(`.prose [id="${id}"], .prose [name="${id}"]`)).toHaveCount(0)
  expect(errors).toEqual([])
  await context.close()
  await server.stop()
})

test('C2: another visitor adds one', async ({ browser, server }) => {
  for (const expected of ['1 view', '2 views', '3 views']) {
    const context = await reader(browser, server)
    const page = await context.newPage()
    const answer = answered(page)
    await page.goto('/articles/who-is-a-visitor')
    await answer
    await expect(count(page)).toHaveText(expected)
    await context.close()
  }
  expect(await server.views('who-is-a-visitor')).toBe(3)
})

test('C6: an optimistic +1 that did not count is reverted', async ({ browser, server }) => {
  const context = await browser.newContext({ userAgent: 'Mozilla/5.0 (compatible; Googlebot/2.1)', baseURL: server.url })
  const page = await context.newPage()
  const answer = answered(page)
  await page.goto('/articles/writing-for-the-web')
  expect((await (await answer).json()).reason).toBe('crawler')
  await expect(count(page)).toHaveText('0 views')
  await context.close()
})

test('C6: the second of two readers with one address and browser sees no falling count', async ({ browser, server }) => {
  const before = await server.views('writing-for-the-web')
  readers += 1
  const userAgent = `${READER} Shared/${process.pid}.${readers}`
  for (const isFirst of [true, false]) {
    const context = await browser.newContext({ userAgent, baseURL: server.url })
    const page = await context.newPage()
    await watchCount(page)
    const answer = answered(page)
    await page.goto('/articles/writing-for-the-web')
    expect((await (await answer).json()).counted).toBe(isFirst)
    await expect(count(page)).toHaveText(words(before + 1))
    // No optimistic +1, which would have to be taken back.
    if (!isFirst) expect(await shown(page)).toEqual([words(before + 1)])
    await context.close()
  }
})

test('C6: a reader who would not be counted sees no +1 before the server has answered', async ({ browser, server }) => {
  const context = await reader(browser, server)
  const page = await context.newPage()
  let release = () => {}
  const held = new Promise<void>((done) => (release = done))
  await page.route('**/record-view', async (route) => {
    await held
    await route.continue()
  })
  // The page as sent to a reader whose view would not count.
  await page.route('**/articles/moving-in', async (route) => {
    const response = await route.fetch()
    const body = (await response.text()).replace(/data-would-count="\w+"/, 'data-would-count="false"')
    await route.fulfill({ response, body })
  })
  const before = await server.views('moving-in')
  const asked = page.waitForRequest('**/record-view')
  await page.goto('/articles/moving-in')
  await asked
  await expect(count(page)).toHaveText(words(before))
  // The server's count is shown all the same.
  const answer = answered(page)
  release()
  const { views } = await (await answer).json()
  await expect(count(page)).toHaveText(words(views))
  await context.close()
})

test('C6: a +1 whose view cannot be recorded is reverted', async ({ browser, server }) => {
  const context = await reader(browser, server)
  const page = await context.newPage()
  const before = await server.views('a-count-you-can-trust')
  let release = () => {}
  const held = new Promise<void>((done) => (release = done))
  await page.route('**/record-view', async (route) => {
    await held
    await route.fulfill({ status: 404, contentType: 'application/json', body: '{"NotFound": "There is no such article."}' })
  })
  await page.goto('/articles/a-count-you-can-trust')
  await expect(count(page)).toHaveText(words(before + 1))
  release()
  await expect(count(page)).toHaveText(words(before))
  expect(await page.evaluate(() => sessionStorage.length)).toBe(0)
  await context.close()
})

test('C5: a view that could not be recorded is retried until it is', async ({ browser, server }) => {
  const context = await reader(browser, server)
  const page = await context.newPage()
  let refusals = 0
  await page.route('**/record-view', async (route) => {
    if (refusals++ < 2) {
      await route.fulfill({ status: 500, contentType: 'application/json', body: '"Unavailable"' })
    } else {
      await route.continue()
    }
  })
  await page.goto('/articles/a-count-you-can-trust')
  await expect(count(page)).toHaveText('1 view')
  await expect.poll(() => server.views('a-count-you-can-trust')).toBe(1)
  await expect(count(page)).toHaveText('1 view')
  await context.close()
})

test('a page restored from the back/forward cache reports another view', async ({ browser, server }) => {
  const context = await reader(browser, server)
  const page = await context.newPage()
  let answer = answered(page)
  await page.goto('/articles/moving-in')
  const { views } = await (await answer).json()
  answer = answered(page)
  await page.evaluate(() => window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })))
  expect(await (await answer).json()).toMatchObject({ counted: false, reason: 'repeat', views })
  await expect(count(page)).toHaveText(words(views))
  await context.close()
})

test('C6: a restored page shows no +1 that is reverted, even without session storage', async ({ browser, server }) => {
  const context = await reader(browser, server)
  const page = await context.newPage()
  await page.addInitScript(() => {
    Object.defineProperty(window, 'sessionStorage', {
      get() {
        throw new DOMException('storage is forbidden', 'SecurityError')
      },
    })
  })
  const first = answered(page)
  await page.goto('/articles/moving-in')
  const { views } = await (await first).json()
  await expect(count(page)).toHaveText(words(views))
  let release = () => {}
  const held = new Promise<void>((done) => (release = done))
  await page.route('**/record-view', async (route) => {
    await held
    await route.continue()
  })
  const asked = page.waitForRequest('**/record-view')
  await page.evaluate(() => window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })))
  await asked
  await expect(count(page)).toHaveText(words(views))
  const answer = answered(page)
  release()
  expect(await (await answer).json()).toMatchObject({ counted: false, reason: 'repeat', views })
  await expect(count(page)).toHaveText(words(views))
  await context.close()
})

test('C4: a prefetched page adds nothing', async ({ browser, server }) => {
  const context = await reader(browser, server)
  const page = await context.newPage()
  await page.route('**/host', (route) =>
    route.fulfill({
      contentType: 'text/html',
      body: '<!DOCTYPE html><title>host</title><link rel="prefetch" href="/articles/what-a-crash-leaves-behind">',
    }),
  )
  const prefetched = page.waitForEvent('requestfinished', (request) => request.url().endsWith('/what-a-crash-leaves-behind'))
  await page.goto('/host')
  await prefetched
  expect(await server.views('what-a-crash-leaves-behind')).toBe(0)
  await context.close()
})

test('C4: a hidden tab adds nothing until it is shown', async ({ browser, server }) => {
  const context = await reader(browser, server)
  const page = await context.newPage()
  await page.addInitScript(() => {
    let state = 'hidden'
    Object.defineProperty(document, 'visibilityState', { get: () => state })
    Object.assign(window, {
      show() {
        state = 'visible'
        document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))
      },
    })
  })
  let sent = 0
  page.on('request', (request) => {
    if (request.url().endsWith('/record-view')) sent += 1
  })
  await page.goto('/articles/chao-xi-yu-shui-wei-biao')
  // The theme button appears once the script runs, and by then the view could have counted.
  await expect(page.locator('.theme-toggle')).toBeVisible()
  await expect(count(page)).toHaveText('0 views')
  expect(sent).toBe(0)
  const answer = answered(page)
  await page.evaluate(() => (window as unknown as { show(): void }).show())
  expect((await (await answer).json()).counted).toBe(true)
  await expect(count(page)).toHaveText('1 view')
  expect(await server.views('chao-xi-yu-shui-wei-biao')).toBe(1)
  await context.close()
})

test('the ranking on the page follows the own view, and is linked from every page', async ({ browser, server }) => {
  const first = await reader(browser, server)
  const page = await first.newPage()
  let answer = answered(page)
  await page.goto('/articles/everything-markdown-can-do')
  await answer
  await first.close()

  const second = await reader(browser, server)
  const other = await second.newPage()
  await other.goto('/articles/everything-markdown-can-do', { waitUntil: 'commit' })
  await expect(count(other)).toHaveText('2 views')
  for (const list of ['.ranking-24h', '.ranking-7d', '.ranking-all']) {
    await expect(other.locator(`${list} li`, { hasText: 'Markdown' })).toContainText('2 views')
  }
  await other.goto('/')
  await expect(other.locator('.ranking-24h li', { hasText: 'Markdown' })).toContainText('2 views')
  await second.close()
})

test('C3: a signed-in reader counts once across two devices', async ({ browser, server }) => {
  const article = '/articles/first-steps'
  const before = await server.views('first-steps')
  const password = server.addUser('two-devices', 'reader')
  for (const expected of [true, false]) {
    const context = await reader(browser, server)
    const page = await context.newPage()
    await signIn(page, 'two-devices', password)
    const answer = answered(page)
    await page.goto(article)
    expect((await (await answer).json()).counted).toBe(expected)
    await expect(count(page)).toHaveText(words(before + 1))
    await context.close()
  }
})

test('C4: an author who reads their own article is not counted', async ({ browser, server }) => {
  const before = await server.views('first-steps')
  const context = await reader(browser, server)
  const page = await context.newPage()
  await signIn(page, 'marina-keel', server.password)
  const answer = answered(page)
  await page.goto('/articles/first-steps')
  expect((await (await answer).json()).reason).toBe('author')
  await expect(count(page)).toHaveText(before === 1 ? '1 view' : `${before} views`)
  await context.close()
})

test('C6: views from elsewhere are in the total that the +1 is added to', async ({ browser }) => {
  const server = await Server.start()
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-counts-'))
  const file = join(folder, 'counts.csv')
  writeFileSync(file, 'address,count,day\n/articles/first-steps/,12345,2026-11-27\n')
  const { status, stdout, stderr } = spawnSync(BINARY, ['import-counts', file, '--source', 'WordPress'], {
    env: server.env,
    cwd: folder,
    encoding: 'utf8',
  })
  rmSync(folder, { recursive: true })
  expect(status, stdout + stderr).toBe(0)
  await expect.poll(() => server.views('first-steps')).toBe(12345)
  const context = await reader(browser, server)
  const page = await context.newPage()
  await watchCount(page)
  const answer = answered(page)
  await page.goto('/articles/first-steps')
  await expect(page.getByText('including 12,345 from WordPress until November 27, 2026')).toBeVisible()
  expect((await (await answer).json()).views).toBe(12346)
  await expect(count(page)).toHaveText('12,346 views')
  expect(await shown(page)).toEqual(expect.not.arrayContaining(['0 views', '1 view']))
  await page.goto('/most-viewed')
  await expect(page.getByRole('main')).toContainText('12,346 views')
  await page.goto('/most-viewed?window=24h')
  await expect(page.getByRole('main')).not.toContainText('12,346 views')
  await context.close()
  await server.stop()
})

test('an open page follows the count of another reader, and closes its stream while hidden', async ({ browser, server }) => {
  const [context, other] = [await reader(browser, server), await reader(browser, server)]
  const page = await context.newPage()
  await page.addInitScript(() => {
    const open = new Set<EventSource>()
    const Original = window.EventSource
    window.EventSource = class extends Original {
      constructor(url: string) {
        super(url)
        open.add(this)
      }
    }
    Object.assign(window, { streams: () => [...open].filter(({ readyState }) => readyState !== 2).length })
  })
  const streams = () => page.evaluate(() => (window as unknown as { streams: () => number }).streams())
  const own = answered(page)
  await page.goto('/articles/first-steps')
  const settled: number = (await (await own).json()).views
  await expect(count(page)).toHaveText(words(settled))
  await expect.poll(streams).toBe(1)
  const visit = await other.newPage()
  const answer = answered(visit)
  await visit.goto('/articles/first-steps')
  await answer
  await expect(count(page)).toHaveText(words(settled + 1))
  await expect(page.locator('.end-count [data-total-of]')).toHaveText(words(settled + 1))
  const look = (state: string) =>
    page.evaluate((state) => {
      Object.defineProperty(document, 'visibilityState', { value: state, configurable: true })
      document.dispatchEvent(new Event('visibilitychange'))
    }, state)
  await look('hidden')
  expect(await streams()).toBe(0)
  await look('visible')
  expect(await streams()).toBe(1)
  await context.close()
  await other.close()
})

test('the mark beside a count explains it by keyboard', async ({ browser, server }) => {
  const context = await reader(browser, server)
  const page = await context.newPage()
  await page.goto('/articles/first-steps')
  const mark = page.getByRole('button', { name: 'How this is counted' }).first()
  await mark.focus()
  await page.keyboard.press('Enter')
  const explanation = page.getByRole('dialog', { name: 'How this is counted' })
  await expect(explanation).toContainText('every 10 minutes')
  await expect(explanation).toContainText('Last 24 hours:')
  await page.keyboard.press('Escape')
  await expect(explanation).toBeHidden()
  await mark.click()
  await explanation.getByRole('link').click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('How views are counted')
  await context.close()
})
