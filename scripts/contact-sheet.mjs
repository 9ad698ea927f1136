#!/usr/bin/env node
// Photographs twelve pages of a blog with the sample articles, in three languages and two colour
// schemes, and puts them on one sheet, docs/contact-sheet.jpg. Needs `npm ci` in end2end/.
// Usage: contact-sheet.mjs BINARY CHROMIUM

import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const { chromium } = createRequire(resolve('end2end/package.json'))('@playwright/test')
const [binary, executablePath] = process.argv.slice(2)
if (!executablePath) throw new Error('usage: contact-sheet.mjs BINARY CHROMIUM')

/** Without "Headless", which would make it a crawler whose views don't count. */
const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:139.0) Gecko/20100101 Firefox/139.0'
const DESKTOP = { width: 1280, height: 960 }
const PHONE = { width: 400, height: 960 }
const ARABIC = `+++
title = "كيف يُقاس مستوى البحر"
slug = "sea-level"
date = 2026-11-02
language = "ar"
tags = ["sea"]
+++

يرتفع البحر وينخفض مرتين في اليوم تقريبًا، ومع ذلك نقول إن لجبل ما ارتفاعًا فوق سطح البحر.

## المقياس

> القياس الجيد يُكرَّر، والقياس الذي لا يُكرَّر ليس قياسًا.
`
const PAGES = [
  { path: '/', language: 'en-US', view: DESKTOP },
  { path: '/articles/everything-markdown-can-do', language: 'en-US', view: DESKTOP, isDark: true },
  { path: '/articles/kak-more-uchit-schitat', language: 'ru-RU', view: PHONE },
  { path: '/articles/chao-xi-yu-shui-wei-biao', language: 'zh-CN', view: PHONE, isDark: true },
  { path: '/articles/sea-level', language: 'en-US', view: DESKTOP },
  { path: '/most-viewed', language: 'ru-RU', view: DESKTOP, isDark: true },
  { path: '/search?q=count', language: 'en-US', view: PHONE },
  { path: '/archive', language: 'zh-CN', view: PHONE },
  { path: '/counting', language: 'zh-CN', view: DESKTOP },
  { path: '/studio', language: 'ru-RU', view: DESKTOP, isSignedIn: true },
  { path: '/studio/1', language: 'en-US', view: DESKTOP, isDark: true, isSignedIn: true },
  { path: '/account', language: 'ru-RU', view: PHONE, isSignedIn: true },
]

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((done) => server.once('listening', done))
  const { port } = server.address()
  await new Promise((done) => server.close(done))
  return port
}

/** Makes views from many addresses, so that rankings have something to rank. */
async function view(address) {
  for (let article = 1; article <= 10; article += 1) {
    for (let reader = 0; reader < 7 * (11 - article); reader += 1) {
      const headers = { 'user-agent': BROWSER, 'x-forwarded-for': `10.${article}.${reader}.1` }
      await fetch(`${address}/api/v1/articles/${article}/view`, { method: 'PUT', headers })
    }
  }
}

const folder = mkdtempSync(join(tmpdir(), 'contact-sheet-'))
const port = await freePort()
const address = `http://127.0.0.1:${port}`
const env = {
  ...process.env,
  LEPTOS_SITE_ADDR: `127.0.0.1:${port}`,
  TIDEMARK_SITE__ROOT: resolve('target/site'),
  TIDEMARK_SERVER__TRUSTED_PROXIES: '127.0.0.1',
  RUST_LOG: 'error',
}
const run = (...parts) => execFileSync(resolve(binary), parts, { cwd: folder, env, encoding: 'utf8' })
run('seed')
writeFileSync(join(folder, 'sea-level.md'), ARABIC)
run('import', folder)
const password = run('user', 'add', 'keeper', '--role', 'admin').trim().split(/\s+/).at(-1)
const server = spawn(resolve(binary), ['serve'], { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] })
await new Promise((done) => server.stdout.once('data', done))
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
try {
  await view(address)
  const signedIn = await browser.newContext({ userAgent: BROWSER })
  const signIn = await signedIn.newPage()
  await signIn.goto(`${address}/login`)
  await signIn.fill('[name=username]', 'keeper')
  await signIn.fill('[name=password]', password)
  await signIn.keyboard.press('Enter')
  await signIn.waitForURL((url) => url.pathname !== '/login')
  const storageState = await signedIn.storageState()
  const pictures = []
  for (const { path, language, view, isDark, isSignedIn } of PAGES) {
    const context = await browser.newContext({
      locale: language,
      viewport: view,
      colorScheme: isDark ? 'dark' : 'light',
      userAgent: BROWSER,
      storageState: isSignedIn ? storageState : undefined,
    })
    const page = await context.newPage()
    await page.goto(address + path, { waitUntil: 'networkidle', timeout: 60_000 }).catch(() => {})
    await page.evaluate(() => document.fonts.ready)
    pictures.push((await page.screenshot()).toString('base64'))
    await context.close()
  }
  const sheet = await browser.newPage({ viewport: { width: 1600, height: 1000 } })
  const images = pictures.map((data) => `<img src="data:image/png;base64,${data}">`).join('')
  await sheet.setContent(`<style>
    body { margin: 0; padding: 16px; background: #8a9494; }
    main { display: flex; flex-wrap: wrap; gap: 16px; }
    img { height: 330px; border-radius: 6px; }
  </style><main>${images}</main>`)
  await sheet.waitForFunction(() => [...document.images].every((image) => image.complete))
  await sheet.screenshot({ path: 'docs/contact-sheet.jpg', type: 'jpeg', quality: 72, fullPage: true })
} finally {
  await browser.close()
  server.kill()
  rmSync(folder, { recursive: true, force: true })
}
console.log(`docs/contact-sheet.jpg: ${Math.round(readFileSync('docs/contact-sheet.jpg').length / 1_000)} kB`)
