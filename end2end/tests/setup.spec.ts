// The first start: an empty blog leads to the page that makes the administrator.

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test } from '@playwright/test'
import { looksRight } from './looks'
import { BINARY } from './server'

/** Serves an empty blog, and returns the address that the terminal shows. */
async function startEmpty(folder: string): Promise<[ChildProcess, string]> {
  const env = {
    DATABASE_URL: `sqlite:${join(folder, 'blog.db')}`,
    LEPTOS_SITE_ADDR: '127.0.0.1:0',
    LEPTOS_SITE_ROOT: join(resolve(__dirname, '../..'), 'target/site'),
    TIDEMARK_PICTURES__URL: `file:${join(folder, 'pictures')}`,
    RUST_LOG: 'warn',
  }
  const child = spawn(BINARY, ['serve'], { env, cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
  const address = await new Promise<string>((found, failed) => {
    child.once('exit', (status) => failed(new Error(`the server ended with status ${status}`)))
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const setup = line.match(/http:\/\/\S+\/setup\?token=\w+/)
      if (setup) found(setup[0])
    })
  })
  return [child, address]
}

test('the address on the terminal makes the administrator', async ({ page, javaScriptEnabled }, info) => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-'))
  const [child, address] = await startEmpty(folder)
  try {
    const { origin } = new URL(address)
    await page.goto(origin)
    await expect(page.locator('main')).toContainText('Nobody can sign in yet.')
    await looksRight(page, 'home-without-a-user', info.project.name, javaScriptEnabled !== false)
    await page.getByRole('link', { name: 'Sign in' }).click()
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Make the administrator')
    await page.goto(address)
    await page.getByLabel('User name').fill('boss')
    await page.getByLabel('Name', { exact: true }).fill('The Boss')
    await page.getByLabel('Password').fill('short')
    await page.getByRole('button', { name: 'Make the administrator' }).click()
    await expect(page.locator('#new_password-error')).toContainText('at least 10 characters')
    await looksRight(page, 'setup', info.project.name, javaScriptEnabled !== false)
    await page.getByLabel('Password').fill('a-good-password')
    await page.getByRole('button', { name: 'Make the administrator' }).click()
    await expect(page).toHaveURL(`${origin}/studio`)
    await expect(page.getByRole('banner')).toContainText('The Boss')
    expect((await page.goto(address))!.status()).toBe(404)
  } finally {
    const ended = new Promise((done) => child.removeAllListeners('exit').once('exit', done))
    child.kill('SIGTERM')
    await ended
    rmSync(folder, { recursive: true })
  }
})
