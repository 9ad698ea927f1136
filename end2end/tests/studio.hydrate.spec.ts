// The editor with JavaScript: preview, drafts, pictures and keyboard shortcuts.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from '@playwright/test'
import { expect, signIn, test } from './server'

const AUTHOR = 'marina-keel'
const PICTURE = join(__dirname, '../../docs/screenshot.png')

async function open(page: Page, password: string, path = '/studio/new') {
  await signIn(page, AUTHOR, password, path)
  // The tools appear once the island is hydrated.
  await expect(page.locator('.editor-tools')).toBeVisible()
}

const status = (page: Page) => page.locator('.editor-status')
const text = (page: Page) => page.getByLabel('Text (Markdown)')

test('the preview shows exactly what the page shows', async ({ page, server }) => {
  await open(page, server.password)
  await page.getByLabel('Title').fill('Previewed & shown')
  await page.getByLabel('Tags').fill('Sea, Two words')
  await page.getByLabel('Cover picture').fill('/images/tide-gauge.svg')
  await text(page).fill(readFileSync(join(__dirname, '../../samples/everything-markdown-can-do.md'), 'utf8').split('+++').slice(2).join('+++'))
  await text(page).pressSequentially('The very last words.')
  await expect(page.locator('.preview .prose')).toContainText('The very last words.')
  await expect(page.locator('.preview h1')).toHaveText('Previewed & shown')
  const parts = ['.article-header h1', '.cover', '.contents', '.prose', '.tags']
  const html = async (root: string) => {
    const found = []
    for (const part of parts) found.push(await page.locator(`${root} ${part}`).evaluate((element) => element.outerHTML))
    return found
  }
  const preview = await html('.preview')
  await page.getByRole('button', { name: 'Publish now' }).click()
  await page.getByRole('link', { name: 'View article' }).click()
  await expect(page).toHaveURL(/\/articles\/previewed-shown$/)
  expect(await html('main')).toEqual(preview)
})

test('what was typed is recovered after the browser crashes', async ({ page, context, server }) => {
  await open(page, server.password)
  await page.getByLabel('Title').fill('Never saved')
  await text(page).fill('Typed, and then the lights went out.')
  await expect(status(page)).toHaveText('Draft saved.')
  await page.close({ runBeforeUnload: false })
  const again = await context.newPage()
  await again.goto('/studio/new')
  await expect(again.getByText('Unsaved changes from')).toBeVisible()
  await expect(again.getByLabel('Title')).toHaveValue('Never saved')
  await expect(text(again)).toHaveValue('Typed, and then the lights went out.')
  await again.getByRole('button', { name: 'Discard them' }).click()
  await expect(again.getByLabel('Title')).toHaveValue('')
})

test('a lost connection is reported, and what was typed is saved once it is back', async ({ page, server }) => {
  await open(page, server.password)
  await page.route('**/api/islands/**', (route) => route.abort())
  await text(page).fill('Typed on a train')
  await expect(status(page)).toHaveText('Not saved: no connection. Retrying.')
  await page.unroute('**/api/islands/**')
  await expect(status(page)).toHaveText('Draft saved.')
  await page.goto('/studio/new')
  await expect(text(page)).toHaveValue('Typed on a train')
  await page.getByRole('button', { name: 'Discard them' }).click()
})

test('a picture is inserted at the cursor by choosing, pasting and dropping it', async ({ page, server }) => {
  await open(page, server.password)
  await text(page).fill('before  after')
  await text(page).evaluate((field: HTMLTextAreaElement) => field.setSelectionRange(7, 7))
  await page.getByLabel('Add a picture').setInputFiles(PICTURE)
  await expect(text(page)).toHaveValue(/^before !\[screenshot\]\(\/pictures\/[0-9a-f]{32}\.png\) after$/)
  await expect(page.locator('.preview img')).toBeVisible()
  for (const kind of ['paste', 'drop']) {
    await text(page).fill('')
    await text(page).evaluate((field, { kind, bytes }) => {
      const data = new DataTransfer()
      data.items.add(new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], 'pasted.png', { type: 'image/png' }))
      const event =
        kind === 'paste'
          ? new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true })
          : new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true })
      field.dispatchEvent(event)
    }, { kind, bytes: readFileSync(PICTURE).toString('base64') })
    await expect(text(page)).toHaveValue(/^!\[pasted\]\(\/pictures\/[0-9a-f]{32}\.png\)$/)
  }
  await text(page).fill('')
  await page.getByLabel('Add a picture').setInputFiles({ name: 'x.png', mimeType: 'image/png', buffer: Buffer.from('<script>') })
  await expect(status(page)).toContainText('x.png could not be added')
  await expect(text(page)).toHaveValue('')
  await expect(status(page)).toHaveText('Draft saved.')
  await page.goto('/studio/new')
  const discard = page.getByRole('button', { name: 'Discard them' })
  if (await discard.isVisible()) await discard.click()
})

test('an article is written, saved and published by keyboard', async ({ page, server }) => {
  await open(page, server.password)
  await page.getByLabel('Title').focus()
  await page.keyboard.type('By keyboard')
  await page.keyboard.press('Tab')
  await expect(text(page)).toBeFocused()
  await page.keyboard.type('No mouse was moved.')
  await page.keyboard.press('Control+s')
  await expect(page.getByText('Saved.', { exact: true })).toBeVisible()
  await expect(page.locator('.editor-tools')).toBeVisible()
  await page.getByLabel('Cover picture').focus()
  await page.keyboard.press('Tab')
  await page.keyboard.press('Tab')
  await expect(page.getByRole('button', { name: 'Publish now' })).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(page.getByText('Published. Readers can see it now.')).toBeVisible()
})
