// The studio in the languages of its authors, with JavaScript, on a phone.

import type { Page } from '@playwright/test'
import { looksRight } from './looks'
import { type Server, expect, signIn, test } from './server'

/** Signs in as an author of one's own, in English, and goes on in another language. */
async function open(page: Page, server: Server, username: string, language: string) {
  await page.setViewportSize({ width: 360, height: 740 })
  await signIn(page, username, server.addUser(username, 'author'))
  await page.context().addCookies([{ name: 'language', value: language, url: server.url }])
  await page.goto('/studio/new')
  await expect(page.locator('.editor-tools')).toBeVisible()
}

async function fits(page: Page, name: string) {
  expect(await page.evaluate(() => document.documentElement.scrollWidth), name).toBeLessThanOrEqual(360)
}

test('an author writes, saves, schedules and meets a conflict in Russian on a phone', async ({ page, context, server }, info) => {
  await open(page, server, 'russian', 'ru')
  await expect(page.locator('html')).toHaveAttribute('lang', 'ru')
  const text = page.getByLabel('Текст (Markdown)')
  await page.getByLabel('Заголовок').fill('Проверка')
  await text.fill('Первый абзац.')
  await expect(page.locator('.editor-status')).toHaveText(/^Черновик сохранён · \d\d:\d\d$/)
  await expect(page.locator('.preview')).toContainText('1 мин чтения')
  await page.getByLabel('Добавить изображение').setInputFiles({ name: 'x.png', mimeType: 'image/png', buffer: Buffer.from('no') })
  await expect(page.locator('.editor-problems')).toContainText('x.png — не PNG, JPEG, GIF или WebP.')
  await looksRight(page, 'editor-new-ru', info.project.name, true)
  await page.setViewportSize({ width: 360, height: 740 })
  await page.getByRole('button', { name: 'Закрыть' }).click()

  await page.getByRole('button', { name: 'Сохранить черновик' }).click()
  await expect(page.getByText('Сохранено.', { exact: true })).toBeVisible()
  await fits(page, 'saved')
  const address = page.url().split('?')[0]

  await page.getByText('Опубликовать позже').click()
  await page.getByLabel('Время (UTC)').fill('2001-01-01T00:00')
  await page.getByRole('button', { name: 'Запланировать' }).click()
  await expect(page.getByText('Это время уже прошло')).toBeVisible()
  await expect(page.getByText('Исправьте отмеченные поля.')).toBeVisible()
  await fits(page, 'a rejected time')
  await page.getByLabel('Время (UTC)').fill('2999-11-30T09:00')
  await page.getByRole('button', { name: 'Запланировать' }).click()
  await expect(page.locator('.editor-state')).toContainText('Запланирована')
  await expect(page.locator('.editor-state')).toContainText('на 30 ноября 2999')
  await looksRight(page, 'editor-scheduled-ru', info.project.name, true)
  await page.setViewportSize({ width: 360, height: 740 })

  const other = await context.newPage()
  await other.goto(address)
  await expect(other.locator('.editor-tools')).toBeVisible()
  await other.getByLabel('Текст (Markdown)').fill('Из другой вкладки.')
  await other.getByRole('button', { name: 'Обновить' }).click()
  await expect(other.getByText('Сохранено.', { exact: true })).toBeVisible()
  await other.close()
  await page.getByLabel('Текст (Markdown)').fill('Из этой вкладки.')
  await expect(page.locator('.editor-status')).toHaveText(
    /^Черновик сохранён · \d\d:\d\d\. Эта статья изменена в другой вкладке\. При сохранении вы увидите оба текста\.$/,
  )
  await page.getByRole('button', { name: 'Обновить' }).click()
  await expect(page.getByRole('heading', { name: 'Эта статья изменена в другой вкладке. Ваш текст не потерян.' })).toBeVisible()
  await looksRight(page, 'editor-conflict-ru', info.project.name, true)

  for (const [name, path] of [
    ['studio', '/studio'],
    ['studio-empty', '/studio?shelf=bin'],
    ['revisions', `${address.slice(server.url.length)}/revisions`],
    ['revision', `${address.slice(server.url.length)}/revisions/1`],
    ['pictures', '/studio/pictures'],
  ]) {
    await page.goto(path)
    await expect(page.locator('html')).toHaveAttribute('lang', 'ru')
    await looksRight(page, `${name}-ru`, info.project.name, true)
  }
})

test('an author writes and publishes in Chinese', async ({ page, server }, info) => {
  await open(page, server, 'chinese', 'zh')
  await page.getByLabel('标题').fill('潮汐')
  await page.getByLabel('正文（Markdown）').fill('第一段。')
  await expect(page.locator('.editor-status')).toHaveText(/^草稿已保存 · \d\d:\d\d$/)
  await looksRight(page, 'editor-new-zh', info.project.name, true)
  await page.setViewportSize({ width: 360, height: 740 })
  await page.getByRole('button', { name: '立即发布' }).click()
  await expect(page.getByText('已发布，读者现在可以看到。')).toBeVisible()
  await looksRight(page, 'editor-published-zh', info.project.name, true)
  for (const [name, path] of [['studio', '/studio'], ['pictures', '/studio/pictures']]) {
    await page.goto(path)
    await looksRight(page, `${name}-zh`, info.project.name, true)
  }
})
