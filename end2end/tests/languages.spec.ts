// The interface in other languages, with and without JavaScript.

import { looksRight } from './looks'
import { expect, test } from './server'

const PAGES: [name: string, path: string][] = [
  ['front', '/'],
  ['article', '/articles/everything-markdown-can-do'],
  ['search', '/search?q=tide&since=year'],
  ['counting', '/counting'],
  ['most-viewed', '/most-viewed'],
  ['not-found', '/no/such/page'],
  ['sign-in', '/login'],
]

test('a reader chooses a language at the end of a page, and it stays', async ({ page }) => {
  await page.goto('/search?q=tide')
  await expect(page.locator('html')).toHaveAttribute('lang', 'en')
  await page.getByRole('button', { name: 'Русский' }).click()
  await expect(page).toHaveURL(/\/search\?q=tide$/)
  await expect(page.locator('html')).toHaveAttribute('lang', 'ru')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Поиск')
  await page.goto('/')
  await expect(page.getByRole('contentinfo').getByRole('link', { name: 'Архив' })).toBeVisible()
  await page.getByRole('button', { name: '中文' }).click()
  await expect(page.getByRole('contentinfo').getByRole('link', { name: '归档' })).toBeVisible()
  await page.getByRole('button', { name: 'English' }).click()
  await expect(page.getByRole('contentinfo').getByRole('link', { name: 'Archive' })).toBeVisible()
})

for (const [language, tag] of [['ru', 'ru'], ['zh', 'zh-Hans']]) {
  test.describe(() => {
    test.use({ locale: language })

    for (const [name, path] of PAGES) {
      test(`the page ${name} fits and is accessible in ${language}`, async ({ page, javaScriptEnabled }, info) => {
        await page.goto(path)
        await expect(page.locator('html')).toHaveAttribute('lang', tag)
        await looksRight(page, `${name}-${language}`, info.project.name, javaScriptEnabled !== false)
      })
    }
  })
}

test.describe(() => {
  test.use({ locale: 'ru' })

  test('the script speaks the language of the page', async ({ page, javaScriptEnabled }) => {
    test.skip(javaScriptEnabled === false, 'it is about the script')
    await page.goto('/articles/everything-markdown-can-do')
    // Another test may have opened the article before.
    const count = page.locator('.view-count')
    await expect(count).toHaveText(/^\d+ просмотр(а|ов)?$/)
    await expect(count).not.toHaveText(/^0/)
    const text = (await count.textContent()) ?? ''
    const form = new Intl.PluralRules('ru').select(Number.parseInt(text, 10))
    const forms: Record<string, string> = { one: 'просмотр', few: 'просмотра', many: 'просмотров' }
    expect(text.split(' ')[1]).toBe(forms[form])
    await expect(page.locator('.theme-toggle')).toHaveAccessibleName(/Включить (тёмн|светл)/)
    await expect(page.getByRole('button', { name: 'Копировать' }).first()).toBeVisible()
  })
})
