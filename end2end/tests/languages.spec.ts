// The interface in other languages, with and without JavaScript.

import { looksRight } from './looks'
import { Server, expect, test } from './server'

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

test('a new reader signs up and changes the account in Russian', async ({ browser, javaScriptEnabled }, info) => {
  const server = await Server.start({ TIDEMARK_ACCOUNTS__SIGN_UP: 'open' })
  const context = await browser.newContext({ baseURL: server.url, javaScriptEnabled, locale: 'ru' })
  const page = await context.newPage()
  try {
    await page.goto('/sign-up')
    await looksRight(page, 'sign-up-ru', info.project.name, javaScriptEnabled !== false)
    const main = page.locator('main')
    await main.getByLabel('Имя пользователя').fill('anna')
    await main.getByLabel('Имя', { exact: true }).fill('Анна')
    await main.getByLabel('Пароль').fill('three ledges of tern')
    await main.getByRole('button', { name: 'Зарегистрироваться' }).click()
    await page.goto('/account')
    await main.getByLabel('Ваше имя').fill('Анна К.')
    await main.getByRole('button', { name: 'Изменить имя' }).click()
    await expect(page.getByRole('status')).toHaveText('Имя изменено.')
    await looksRight(page, 'account-ru', info.project.name, javaScriptEnabled !== false)
    await main.getByLabel('Текущий пароль').fill('wrong')
    await main.getByLabel('Новый пароль').fill('three words and more')
    await main.getByRole('button', { name: 'Изменить пароль' }).click()
    await expect(page.locator('#password-error')).toHaveText('Текущий пароль неверен.')
    await expect(page.locator('html')).toHaveAttribute('lang', 'ru')
  } finally {
    await context.close()
    await server.stop()
  }
})

test('a rejected sign-up says in Chinese what to change', async ({ browser, javaScriptEnabled }, info) => {
  const server = await Server.start({ TIDEMARK_ACCOUNTS__SIGN_UP: 'open' })
  const context = await browser.newContext({ baseURL: server.url, javaScriptEnabled, locale: 'zh-CN' })
  const page = await context.newPage()
  try {
    await page.goto('/sign-up')
    await page.getByLabel('用户名').fill('Anna K')
    await page.getByLabel('密码').fill('short')
    await page.getByLabel('名字').fill('Anna')
    await page.locator('main').getByRole('button', { name: '注册' }).click()
    await expect(page.getByRole('alert')).toHaveText('请更正下面标出的内容。')
    await expect(page.locator('#new_password-error')).toHaveText('密码太短，至少要 10 个字符。')
    await expect(page.locator('#username-error')).toContainText('“Anna K”不能用作用户名')
    await expect(page.getByLabel('用户名')).toHaveValue('Anna K')
    await looksRight(page, 'sign-up-refused-zh', info.project.name, javaScriptEnabled !== false)
  } finally {
    await context.close()
    await server.stop()
  }
})

for (const [language, tag] of [['ru', 'ru'], ['zh', 'zh-Hans']]) {
  test(`the pages for administrators fit and are accessible in ${language}`, async ({ browser, server, javaScriptEnabled }, info) => {
    const username = `boss-${language}-${info.project.name}`
    const password = server.addUser(username, 'admin')
    const context = await browser.newContext({ baseURL: server.url, javaScriptEnabled, locale: language })
    const page = await context.newPage()
    await page.goto('/login?next=/settings')
    await page.locator('#username').fill(username)
    await page.locator('#password').fill(password)
    await page.locator('main button').click()
    await expect(page).toHaveURL(/\/settings$/)
    for (const [name, path] of [
      ['settings', '/settings'],
      ['menu', '/settings/menu'],
      ['redirects', '/settings/redirects'],
      ['import', '/settings/import'],
      ['health', '/settings/health'],
      ['users', '/users'],
    ]) {
      await page.goto(path)
      await expect(page.locator('html')).toHaveAttribute('lang', tag)
      await looksRight(page, `${name}-${language}`, info.project.name, javaScriptEnabled !== false)
    }
    await context.close()
  })
}
