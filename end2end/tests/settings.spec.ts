// The blog's settings, pages, menu and redirects, with and without JavaScript.

import { looksRight } from './looks'
import { Server, expect, signIn, test } from './server'

/** A small PNG: a red dot. */
const DOT = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE0DHxgljNBAAO9TXL0Y4OHwAAAABJRU5ErkJggg==',
  'base64',
)

test('an administrator names the blog, gives it a logo, and sets it back', async ({ browser, javaScriptEnabled }, info) => {
  const server = await Server.start()
  const context = await browser.newContext({ baseURL: server.url, javaScriptEnabled })
  const page = await context.newPage()
  try {
    await signIn(page, 'boss', server.addUser('boss', 'admin'), '/settings')
    await page.getByLabel('Title').fill('Low tide')
    await page.getByLabel('Footer').fill('Written by **the sea**.')
    await page.getByRole('button', { name: 'Save' }).click()
    await expect(page.getByRole('status')).toContainText('Saved.')
    await expect(page.getByRole('banner')).toContainText('Low tide')
    await expect(page.getByRole('contentinfo').locator('strong')).toHaveText('the sea')
    await page.getByLabel('Picture').setInputFiles({ name: 'dot.png', mimeType: 'image/png', buffer: DOT })
    await page.getByRole('button', { name: 'Use as logo' }).click()
    await expect(page.getByRole('banner').locator('.site-logo')).toBeVisible()
    await looksRight(page, 'settings', info.project.name, javaScriptEnabled !== false)
    const other = await context.newPage()
    await other.goto('/settings')
    await page.getByLabel('Title').fill('High tide')
    await page.getByRole('button', { name: 'Save' }).click()
    await other.getByLabel('Title').fill('Spring tide')
    await other.getByRole('button', { name: 'Save' }).click()
    await expect(other.getByRole('alert')).toContainText('Somebody else changed the settings')
    await expect(other.getByLabel('Title')).toHaveValue('Spring tide')
    await looksRight(other, 'settings-conflict', info.project.name, javaScriptEnabled !== false)
    await page.goto('/settings')
    await page.getByRole('button', { name: 'Remove the logo' }).click()
    await page.getByLabel('Title').fill('')
    await page.getByRole('button', { name: 'Save' }).click()
    await expect(page.getByRole('banner')).toContainText('Tidemark')
    await expect(page.getByRole('banner').locator('.site-logo')).toHaveCount(0)
  } finally {
    await context.close()
    await server.stop()
  }
})

test('a page is written, put into the menu, and redirected to', async ({ browser, javaScriptEnabled }, info) => {
  const server = await Server.start()
  const context = await browser.newContext({ baseURL: server.url, javaScriptEnabled })
  const page = await context.newPage()
  try {
    await signIn(page, 'boss', server.addUser('boss', 'admin'), '/studio/new')
    await page.getByLabel('Title').fill('About us')
    await page.getByLabel('Text (Markdown)').fill('We measure the sea.')
    await page.getByLabel('This is a page').check()
    await page.getByRole('button', { name: 'Publish now' }).click()
    await page.getByRole('link', { name: 'View page' }).click()
    await expect(page).toHaveURL(`${server.url}/about-us`)
    await expect(page.locator('article time')).toHaveCount(0)
    await looksRight(page, 'page', info.project.name, javaScriptEnabled !== false)
    await page.goto('/settings/menu')
    await expect(page.locator('main')).toContainText('About us /about-us')
    await page.getByLabel('Links in the header').fill('About us /about-us\nFirst steps /articles/first-steps\n')
    await page.getByRole('button', { name: 'Save' }).click()
    await looksRight(page, 'settings-menu', info.project.name, javaScriptEnabled !== false)
    const link = page.getByRole('navigation', { name: 'Site' }).getByRole('link', { name: 'About us' })
    await link.click()
    await expect(page).toHaveURL(`${server.url}/about-us`)
    await expect(link).toHaveAttribute('aria-current', 'page')
    await page.goto('/settings/redirects')
    await page.getByLabel('Redirects').fill('/us /about-us\n/a /b\n/b /a\n')
    await page.getByRole('button', { name: 'Save' }).click()
    await expect(page.locator('#lines-error')).toContainText('Line 2: /a leads into a loop')
    await page.getByLabel('Redirects').fill('/us /about-us\n/gone 410\n')
    await page.getByRole('button', { name: 'Save' }).click()
    await looksRight(page, 'settings-redirects', info.project.name, javaScriptEnabled !== false)
    await page.getByRole('link', { name: 'Health' }).click()
    await expect(page.getByRole('listitem').filter({ hasText: 'SQLite: answers.' })).toContainText('Fine')
    await looksRight(page, 'settings-health', info.project.name, javaScriptEnabled !== false)
    await page.goto('/us')
    await expect(page).toHaveURL(`${server.url}/about-us`)
    expect((await page.goto('/gone'))!.status()).toBe(410)
  } finally {
    await context.close()
    await server.stop()
  }
})

/** What Ghost exports of a blog with one post. */
const GHOST = JSON.stringify({
  db: [
    {
      meta: { exported_on: 1, version: '5.0.0' },
      data: {
        posts: [
          {
            id: '64a1',
            title: 'From Ghost',
            slug: 'from-ghost',
            html: '<p>Boo. <img src="/content/images/gone.png"></p>',
            type: 'post',
            status: 'published',
            visibility: 'public',
            published_at: '2020-01-02T11:00:00.000Z',
          },
        ],
      },
    },
  ],
})

test('an administrator brings a blog in, and sees first what would happen', async ({ browser, javaScriptEnabled }, info) => {
  const server = await Server.start()
  const context = await browser.newContext({ baseURL: server.url, javaScriptEnabled })
  const page = await context.newPage()
  try {
    await signIn(page, 'boss', server.addUser('boss', 'admin'), '/settings/import')
    await looksRight(page, 'import', info.project.name, javaScriptEnabled !== false)
    const upload = async (text: string) => {
      await page.getByLabel('File', { exact: true }).setInputFiles({ name: 'blog.json', mimeType: 'application/json', buffer: Buffer.from(text) })
      await page.getByRole('button', { name: 'Upload and examine' }).click()
    }
    await upload('{}')
    await expect(page.getByRole('alert')).toContainText('neither a zip file with a site')
    await upload(GHOST)
    // The page loads itself again until there is a report.
    await expect(page.getByRole('heading', { name: 'What would happen' })).toBeVisible()
    await expect(page.locator('main')).toContainText('made with Ghost: 1 new')
    await expect(page.getByRole('listitem').filter({ hasText: 'gone.png' })).toContainText('Left')
    await looksRight(page, 'import-report', info.project.name, javaScriptEnabled !== false)
    await page.getByRole('button', { name: 'Import' }).click()
    await expect(page.getByRole('heading', { name: 'The import is done' })).toBeVisible()
    await looksRight(page, 'import-done', info.project.name, javaScriptEnabled !== false)
    await page.getByRole('button', { name: 'Close this report' }).click()
    await page.goto('/articles/from-ghost')
    await expect(page.locator('article')).toContainText('Boo.')
  } finally {
    await context.close()
    await server.stop()
  }
})
