// The editor with JavaScript: preview, drafts, pictures and keyboard shortcuts.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from '@playwright/test'
import { type Server, expect, signIn, test } from './server'

const AUTHOR = 'marina-keel'
const PICTURE = join(__dirname, '../../docs/screenshot.png')

/** What the editor says once a draft is stored, with the time. */
const SAVED = /^Draft saved · \d\d:\d\d$/

async function open(page: Page, password: string, path = '/studio/new') {
  await signIn(page, AUTHOR, password, path)
  await ready(page)
}

/** Opens the editor as an author of one's own, because drafts belong to a user. */
async function openAlone(page: Page, server: Server, username: string) {
  await signIn(page, username, server.addUser(username, 'author'), '/studio/new')
  await ready(page)
}

/** The tools appear once the island is hydrated. */
async function ready(page: Page) {
  await expect(page.locator('.editor-tools')).toBeVisible()
}

/** Saves by the button and returns the editor's address. */
async function save(page: Page): Promise<string> {
  await page.getByRole('button', { name: 'Save draft' }).click()
  await expect(page.getByText('Saved.', { exact: true })).toBeVisible()
  await ready(page)
  return page.url().split('?')[0]
}

const status = (page: Page) => page.locator('.editor-status')
const text = (page: Page) => page.getByLabel('Text (Markdown)')

test('the buttons stay where they are when the preview appears', async ({ page, server }) => {
  for (const width of [1280, 800]) {
    await page.setViewportSize({ width, height: 900 })
    let release = () => {}
    const isThere = new Promise<void>((resolve) => (release = resolve))
    await page.route('**/*.wasm', async (route) => {
      await isThere
      await route.continue()
    })
    await signIn(page, AUTHOR, server.password, '/studio/new')
    const button = page.getByRole('button', { name: 'Save draft' })
    const before = await button.boundingBox()
    await expect(page.locator('.editor-tools')).toBeHidden()
    release()
    await ready(page)
    expect(await button.boundingBox()).toEqual(before)
    await page.unrouteAll({ behavior: 'wait' })
    await page.context().clearCookies()
  }
})

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
    for (const part of parts) found.push(await page.locator(`${root} ${part}`).evaluate((element) => {
      const copy = element.cloneNode(true) as Element
      // The page's script adds them, and unfolds the contents on a wide screen.
      copy.querySelectorAll('.code-copy').forEach((button) => button.remove())
      copy.querySelectorAll('.contents > details').forEach((details) => details.removeAttribute('open'))
      return copy.outerHTML
    }))
    return found
  }
  const preview = await html('.preview')
  await page.getByRole('button', { name: 'Publish now' }).click()
  await page.getByRole('link', { name: 'View article' }).click()
  await expect(page).toHaveURL(/\/articles\/previewed-shown$/)
  await page.waitForLoadState()
  expect(await html('main')).toEqual(preview)
})

test('what was typed is recovered after the browser crashes', async ({ page, context, server }) => {
  await open(page, server.password)
  await page.getByLabel('Title').fill('Never saved')
  await text(page).fill('Typed, and then the lights went out.')
  await expect(status(page)).toHaveText(SAVED)
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
  await expect(status(page)).toHaveText(SAVED)
  await page.goto('/studio/new')
  await expect(text(page)).toHaveValue('Typed on a train')
  await page.getByRole('button', { name: 'Discard them' }).click()
})

test('a picture gets a paragraph of its own at the cursor, by choosing, pasting and dropping it', async ({ page, server }) => {
  await openAlone(page, server, 'pictures')
  await text(page).fill('# A heading\nThe text below.')
  await text(page).evaluate((field: HTMLTextAreaElement) => field.setSelectionRange(4, 4))
  await page.getByLabel('Add a picture').setInputFiles(PICTURE)
  await expect(text(page)).toHaveValue(/^# A heading\n\n!\[screenshot\]\(\/pictures\/[0-9a-f]{32}-\d+x\d+(?:-[0-9a-f]{3})?\.png\)\n\nThe text below\.$/)
  await expect(page.locator('.preview .prose').getByRole('heading', { name: 'A heading' })).toBeVisible()
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
    await expect(text(page)).toHaveValue(/^!\[pasted\]\(\/pictures\/[0-9a-f]{32}-\d+x\d+(?:-[0-9a-f]{3})?\.png\)$/)
  }
  await expect(status(page)).toHaveText(SAVED)
})

test('why a picture could not be added stays until the author has read it', async ({ page, server }) => {
  await openAlone(page, server, 'bad-pictures')
  await text(page).fill('# A heading')
  await expect(status(page)).toHaveText(SAVED)
  const file = (name: string) => ({ name, mimeType: 'image/png', buffer: Buffer.from('<script>') })
  await page.getByLabel('Add a picture').setInputFiles([file('x.png'), file('y.png')])
  const alert = page.locator('.editor-problems')
  for (const name of ['x.png', 'y.png']) await expect(alert).toContainText(`${name} could not be added`)
  // Nothing of the attempt is left in the text, and that is saved as a draft.
  await expect(text(page)).toHaveValue('# A heading')
  await expect(status(page)).toHaveText(SAVED)
  await expect(alert).toContainText('x.png could not be added')
  await alert.getByRole('button', { name: 'Dismiss' }).click()
  await expect(alert).toBeHidden()
})

test('no part of the editor is wider than the window', async ({ page, server }) => {
  await openAlone(page, server, 'narrow')
  await page.getByLabel('Title').fill('Wide')
  await text(page).fill(`\`\`\`\n${'a long line of code '.repeat(40)}\n\`\`\`\n\n| ${'column | '.repeat(30)}\n|${' --- |'.repeat(30)}`)
  await expect(page.locator('.preview pre')).toBeVisible()
  for (const width of [360, 768, 1000, 1119, 1120, 1280]) {
    await page.setViewportSize({ width, height: 800 })
    expect(await page.evaluate(() => document.documentElement.scrollWidth), `at ${width}`).toBeLessThanOrEqual(width)
    for (const part of ['.editor', '.editor-form', '.editor-tools', '.preview', '#markdown', '.editor-buttons']) {
      const box = (await page.locator(part).boundingBox())!
      expect(box.x, `${part} at ${width}`).toBeGreaterThanOrEqual(0)
      expect(box.x + box.width, `${part} at ${width}`).toBeLessThanOrEqual(width)
    }
  }
})

test('Ctrl+B and Ctrl+I mark the selection, or the word at the cursor, and can be undone', async ({ page, server }) => {
  await openAlone(page, server, 'bold')
  const select = (start: number, end: number) =>
    text(page).evaluate((field: HTMLTextAreaElement, [start, end]) => field.setSelectionRange(start, end), [start, end])
  const selected = () =>
    text(page).evaluate((field: HTMLTextAreaElement) => field.value.slice(field.selectionStart, field.selectionEnd))
  await text(page).fill('one two three')
  await select(4, 7)
  await text(page).press('Control+b')
  await expect(text(page)).toHaveValue('one **two** three')
  expect(await selected()).toBe('two')
  await expect(page.locator('.preview strong')).toHaveText('two')
  await page.keyboard.press('Control+b')
  await expect(text(page)).toHaveValue('one two three')
  expect(await selected()).toBe('two')
  await page.keyboard.press('Control+z')
  await expect(text(page)).toHaveValue('one **two** three')
  await page.keyboard.press('Control+z')
  await expect(text(page)).toHaveValue('one two three')
  await select(9, 9)
  await page.keyboard.press('Control+i')
  await expect(text(page)).toHaveValue('one two _three_')
  await page.keyboard.type('X')
  await expect(text(page)).toHaveValue('one two _tXhree_')
  await expect(status(page)).toHaveText(SAVED)
})

test('Ctrl+S saves wherever the focus is', async ({ page, server }) => {
  await openAlone(page, server, 'control-s')
  await page.getByLabel('Title').fill('Saved by keys')
  await text(page).fill('Text')
  for (const [target, version] of [['#title', 1], ['.preview', 2], ['body', 3]] as const) {
    await text(page).pressSequentially('.')
    if (target === 'body') await page.evaluate(() => (document.activeElement as HTMLElement).blur())
    else await page.locator(target).focus()
    await page.keyboard.press('Control+s')
    await expect(page.locator('.editor-state')).toContainText(`Version ${version}`)
    await ready(page)
  }
})

test('Enter in the title goes on to the text', async ({ page, server }) => {
  await openAlone(page, server, 'enter')
  await page.getByLabel('Title').focus()
  await page.keyboard.type('A title')
  await page.keyboard.press('Enter')
  await expect(text(page)).toBeFocused()
  await page.keyboard.type('And its text')
  await expect(text(page)).toHaveValue('And its text')
  await expect(page).toHaveURL(/\/studio\/new$/)
  await expect(status(page)).toHaveText(SAVED)
})

test('two tabs of one article keep a draft each', async ({ page, context, server }) => {
  await openAlone(page, server, 'two-tabs')
  await page.getByLabel('Title').fill('Two tabs')
  await text(page).fill('Stored.')
  const address = await save(page)
  const other = await context.newPage()
  await other.goto(address)
  await ready(other)
  await text(other).fill('Much that was typed in the second tab.')
  await expect(status(other)).toHaveText(SAVED)
  // The tab that was idle goes on.
  await text(page).fill('Stored. One word.')
  await expect(status(page)).toHaveText(SAVED)
  await other.close({ runBeforeUnload: false })
  await page.goto(address)
  await expect(page.getByText('Unsaved changes from')).toBeVisible()
  await expect(text(page)).toHaveValue('Stored. One word.')
  await page.getByRole('link', { name: 'Open', exact: true }).click()
  await expect(text(page)).toHaveValue('Much that was typed in the second tab.')
  await ready(page)
  await save(page)
  await expect(text(page)).toHaveValue('Much that was typed in the second tab.')
  await expect(page.getByText('There are other unsaved changes of yours')).toBeVisible()
})

test('an author who types on after a change in another tab is told, and loses nothing', async ({ page, context, server }) => {
  await openAlone(page, server, 'changed')
  await page.getByLabel('Title').fill('Changed elsewhere')
  await text(page).fill('Stored.')
  const address = await save(page)
  const other = await context.newPage()
  await other.goto(address)
  await ready(other)
  await text(other).fill('Of the other tab.')
  await save(other)
  await text(page).fill('Of this tab.')
  await expect(status(page)).toHaveText(/^Draft saved · \d\d:\d\d\. This article was changed in another tab\. Saving will show you both texts\.$/)
  await page.getByRole('button', { name: 'Save draft' }).click()
  await expect(page.getByRole('heading', { name: 'This article was changed in another tab. Your text is safe.' })).toBeVisible()
  await expect(text(page)).toHaveValue('Of this tab.')
})

test('going back after a save makes no second article and brings back no draft', async ({ page, server }) => {
  await openAlone(page, server, 'back')
  await page.getByLabel('Title').fill('Gone back from')
  await text(page).fill('Its text')
  await expect(status(page)).toHaveText(SAVED)
  await save(page)
  await page.goBack()
  await expect(page).toHaveURL(/\/studio\/new$/)
  await page.goto('/studio/new')
  await expect(page.getByText('Unsaved changes from')).toBeHidden()
  await page.goto('/studio?q=Gone+back')
  await expect(page.locator('tbody tr')).toHaveCount(1)
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
  await expect(page.getByLabel('This is a page')).toBeFocused()
  await page.keyboard.press('Tab')
  await page.keyboard.press('Tab')
  await expect(page.getByRole('button', { name: 'Publish now' })).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(page.getByText('Published. Readers can see it now.')).toBeVisible()
})
