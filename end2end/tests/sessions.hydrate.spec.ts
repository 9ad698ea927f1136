// Anonymous sessions in a real browser (`views.visitor = "session"`).

import type { Page } from '@playwright/test'
import { READER } from '../playwright.config'
import { Server, expect, test as base } from './server'

const test = base.extend<{}, { server: Server }>({
  server: [
    async ({}, use) => {
      const server = await Server.start({ TIDEMARK_VIEWS__VISITOR: 'session' })
      await use(server)
      await server.stop()
    },
    { scope: 'worker' },
  ],
})

const answered = (page: Page) => page.waitForResponse((response) => response.request().method() === 'PUT')

test('C3: two readers with one address and browser count as two, each until the browser is closed', async ({ browser, server }) => {
  for (const views of [1, 2]) {
    const context = await browser.newContext({ userAgent: READER, baseURL: server.url })
    const page = await context.newPage()
    const answer = answered(page)
    await page.goto('/articles/first-steps')
    await answer
    expect(await server.views('first-steps')).toBe(views)
    const cookies = await context.cookies()
    expect(cookies).toMatchObject([{ name: expect.stringMatching(/^visitor-[0-9a-f]{8}$/), httpOnly: true, sameSite: 'Lax', expires: -1, path: '/' }])
    expect(await page.evaluate(() => document.cookie)).toBe('')
    // The reload requests the page again, and its view is a repeat.
    const again = answered(page)
    await page.reload()
    await again
    expect(await server.views('first-steps')).toBe(views)
    expect(await context.cookies()).toEqual(cookies)
    const html = await (await context.request.get('/articles/first-steps')).text()
    expect(html).toContain('data-would-count="false"')
    await context.close()
  }
})
