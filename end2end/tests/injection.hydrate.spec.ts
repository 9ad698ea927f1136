// Known script injection payloads (injection.json), put into every field that an author or a reader
// controls and opened in a real browser. None may run, load anything but pictures and videos, or
// leave anything in the page that could run.

import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from '@playwright/test'
import { BINARY, expect, testApart as test } from './server'

const PAYLOADS: string[] = JSON.parse(readFileSync(join(__dirname, 'injection.json'), 'utf8')).map(
  (payload: { text: string }) => payload.text,
)

// The smallest PNG.
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

// A page outside the blog with no content security policy, as a feed reader may be.
const ELSEWHERE = 'https://reader.example/'

/** Watches pages for anything that runs, or loads what it should not. */
class Watch {
  readonly found: string[] = []

  private constructor(
    readonly context: BrowserContext,
    private readonly origin: string,
  ) {}

  static async start(browser: Browser, origin: string): Promise<Watch> {
    const context = await browser.newContext({ baseURL: origin })
    const watch = new Watch(context, origin)
    // Pictures and videos may come from anywhere. Any other request to another host is a failure.
    await context.route(
      (url) => url.origin !== origin,
      (route) => {
        const request = route.request()
        if (request.url() === ELSEWHERE) return route.fulfill({ contentType: 'text/html', body: '<!doctype html>' })
        if (!['image', 'media'].includes(request.resourceType())) {
          watch.found.push(`${request.resourceType()} from ${request.url().slice(0, 100)}`)
        }
        return route.abort()
      },
    )
    await context.exposeBinding('__tell', (_, text: string) => void watch.found.push(text))
    await context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => {
        // The policy blocks pictures and videos without TLS. That is expected.
        if (!['img-src', 'media-src'].includes(event.effectiveDirective)) {
          ;(window as any).__tell(`the policy stopped ${event.effectiveDirective}: ${event.blockedURI} ${event.sample}`)
        }
      })
    })
    return watch
  }

  async page(): Promise<Page> {
    const page = await this.context.newPage()
    page.on('dialog', async (dialog) => {
      this.found.push(`a dialog says ${dialog.message()}`)
      await dialog.dismiss()
    })
    page.on('popup', (popup) => void this.found.push(`a window opened: ${popup.url()}`))
    page.on('pageerror', (error) => void this.found.push(`an error: ${error.message}`))
    page.on('framenavigated', (frame) => {
      const url = frame.url()
      if (url !== 'about:blank' && url !== ELSEWHERE && !url.startsWith(this.origin)) this.found.push(`a frame went to ${url}`)
    })
    return page
  }

  /** Opens a page of the blog and checks its content. */
  async look(page: Page, path: string) {
    const before = this.found.length
    await page.goto(path, { waitUntil: 'load' })
    // Give pending event handlers a chance to run.
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))))
    this.found.push(...(await page.evaluate(faults)))
    for (let index = before; index < this.found.length; index++) this.found[index] = `${path}: ${this.found[index]}`
  }
}

/** Everything in the page that could run, load or mislead. Runs in the browser. */
function faults(): string[] {
  const found: string[] = []
  const show = (element: Element) => element.outerHTML.slice(0, 150)
  if ((window as any).__pwned) found.push('__pwned is set')
  const forbidden =
    'script, style, link, meta, base, title, iframe, frame, frameset, object, embed, applet, portal, form, button, textarea, select, ' +
    'input:not([type=checkbox][disabled]), template, noscript, xmp, plaintext, svg, marquee, leptos-island, [style], [name]:not(a), ' +
    '[data-article], [data-views-of], [data-reaction], [data-colour-switch], ' +
    '[srcset]:not(img, source), [srcdoc], [ping], [target], [autofocus], [background], [formaction], #site-content, [id^=ranking-]'
  for (const element of document.querySelectorAll('.prose')) {
    for (const bad of element.querySelectorAll(forbidden)) {
      // The script's own button, exactly as it makes it.
      if (bad.outerHTML === '<button type="button" class="code-copy" aria-live="polite">Copy</button>') continue
      found.push(`in the text: ${show(bad)}`)
    }
  }
  for (const element of document.querySelectorAll('*')) {
    for (const { name, value } of element.attributes) {
      if (/^on/i.test(name)) found.push(`a handler: ${show(element)}`)
      if (['href', 'src', 'action', 'formaction', 'poster', 'cite', 'data', 'xlink:href', 'background'].includes(name)) {
        // Parsed by this browser, so disguised protocols are recognised.
        const protocol = URL.canParse(value, location.href) ? new URL(value, location.href).protocol : 'https:'
        if (!['http:', 'https:', 'mailto:', 'tel:'].includes(protocol)) found.push(`an address: ${show(element)}`)
      }
      if (name === 'srcset') {
        for (const candidate of value.split(',')) {
          const address = candidate.trim().split(/\s/)[0]
          const protocol = URL.canParse(address, location.href) ? new URL(address, location.href).protocol : 'https:'
          if (!['http:', 'https:'].includes(protocol)) found.push(`an address: ${show(element)}`)
        }
      }
    }
  }
  for (const script of document.scripts) {
    const isOurs = script.nonce !== '' || new URL(script.src || 'x:x').origin === location.origin
    if (!isOurs) found.push(`a script: ${show(script)}`)
  }
  if (document.querySelector('iframe, object, embed, base, meta[http-equiv], main style, main link')) found.push('an element that loads')
  const isWhole =
    typeof document.cookie === 'string' &&
    typeof document.getElementById === 'function' &&
    typeof document.querySelector === 'function' &&
    document.body instanceof HTMLBodyElement &&
    document.defaultView === window
  if (!isWhole) found.push('a name of the document is taken')
  return found
}

/** A TOML string: like a JSON string, but DEL is escaped too. */
const quoted = (text: string) => JSON.stringify(text).replaceAll('\u007f', '\\u007f')

/** Checks many pages, a few at a time. */
async function lookAtAll(watch: Watch, paths: string[]) {
  const left = [...paths]
  const work = async () => {
    const page = await watch.page()
    for (let path = left.shift(); path !== undefined; path = left.shift()) await watch.look(page, path)
    await page.close()
  }
  await Promise.all([work(), work(), work()])
}

test.describe.configure({ mode: 'serial' })

test.describe('with texts that have run on other sites', () => {
  let articles: { slug: string; title: string; authors: { username: string }[]; tags: { slug: string }[] }[]

  test.beforeAll(async ({ server }) => {
    const folder = mkdtempSync(join(tmpdir(), 'tidemark-injection-'))
    const files = join(folder, 'files')
    mkdirSync(files)
    PAYLOADS.forEach((payload, index) => {
      const value = quoted(payload)
      const front = `title = ${value}\nslug = "x-${index}"\ndate = 2026-11-02\ndescription = ${value}\nauthors = [${value}, "Jo Doe"]\ntags = [${value}, "x"]\naliases = [${value}]`
      writeFileSync(join(files, `${index}.md`), `+++\n${front}\n+++\n${payload}\n`)
    })
    // All payloads in one text, because one may close what another leaves open.
    writeFileSync(join(files, 'all.md'), `+++\ntitle = "All"\nslug = "all"\ndate = 2026-11-02\n+++\n${PAYLOADS.join('\n\n')}\n`)
    const quotes = PAYLOADS.map((payload) => payload.replaceAll(/^/gm, '> '))
    writeFileSync(join(files, 'quotes.md'), `+++\ntitle = "Quotes"\nslug = "quotes"\ndate = 2026-11-02\n+++\n${quotes.join('\n\n')}\n`)
    // It fails, because it leaves out what such a file asks for and a site would not have.
    const { status, stdout } = spawnSync(BINARY, ['import', files], { env: server.env, cwd: folder, encoding: 'utf8' })
    expect(status, stdout).toBe(1)
    rmSync(folder, { recursive: true })
    articles = []
    for (let page = 1; page <= 3; page++) {
      const list = await (await fetch(`${server.url}/api/v1/articles?per-page=100&page=${page}`)).json()
      articles.push(...list.articles)
    }
    expect(articles.length).toBeGreaterThan(PAYLOADS.length)
  })

  test('nothing runs in an article', async ({ browser, server }) => {
    const watch = await Watch.start(browser, server.url)
    await lookAtAll(watch, ['/articles/all', '/articles/quotes', ...PAYLOADS.map((_, index) => `/articles/x-${index}`)])
    expect(watch.found).toEqual([])
    // The page's own script still runs beside the payloads.
    const page = await watch.page()
    await page.goto('/articles/all')
    await expect(page.locator('.theme-toggle')).toBeVisible()
    await page.locator('.rankings label', { hasText: '7 days' }).click()
    await expect(page.locator('.ranking-7d')).toBeVisible()
    await watch.context.close()
  })

  test('nothing runs in a list, in an author\'s page or in a tag\'s', async ({ browser, server }) => {
    const watch = await Watch.start(browser, server.url)
    const paths = Array.from({ length: Math.ceil(articles.length / 10) }, (_, index) => `/?page=${index + 1}`)
    // The lists show every name. Opening the pages of every fourth article covers headings and
    // titles; src/tests/injection.rs checks all of them.
    for (const { authors, tags } of articles.filter((_, index) => index % 4 === 0)) {
      paths.push(`/authors/${authors[0].username}`)
      if (tags.length) paths.push(`/tags/${tags[0].slug}`)
    }
    await lookAtAll(watch, [...new Set(paths)])
    expect(watch.found).toEqual([])
    await watch.context.close()
  })

  test('nothing in an address runs', async ({ browser, server }) => {
    const watch = await Watch.start(browser, server.url)
    const paths = PAYLOADS.map((payload, index) => {
      const text = encodeURIComponent(payload)
      const places = ['/search?q=', '/tags/', '/search?q=', '/authors/', '/articles/', '/login?next=', '/pictures/', '/most-viewed?window=', '/']
      return places[index % places.length] + text
    })
    await lookAtAll(watch, paths)
    expect(watch.found).toEqual([])
    await watch.context.close()
  })

  test('nothing runs in the feed', async ({ browser, server }) => {
    const watch = await Watch.start(browser, server.url)
    const page = await watch.page()
    await page.goto(ELSEWHERE)
    const feed = await (await fetch(`${server.url}/feed.xml`)).text()
    const texts = await page.evaluate((feed) => {
      const xml = new DOMParser().parseFromString(feed, 'application/xml')
      const strange = [...xml.querySelectorAll('*')].filter((element) => element.namespaceURI !== 'http://www.w3.org/2005/Atom')
      if (xml.querySelector('parsererror') || strange.length) return ['<script>the feed is no feed</script>']
      return [...xml.querySelectorAll('content')].map((content) => content.textContent ?? '')
    }, feed)
    expect(texts.length).toBeGreaterThan(10)
    for (const text of texts) {
      // As in a feed reader, without any policy.
      await page.setContent(`<main><div class="prose">${text}</div></main>`)
      watch.found.push(...(await page.evaluate(faults)))
    }
    expect(watch.found).toEqual([])
    await watch.context.close()
  })

  test('nothing runs in the name of a user or of a picture', async ({ browser, server }) => {
    const watch = await Watch.start(browser, server.url)
    // Adding a user is slow, because a password is hashed. These names break out of every context
    // that a name appears in.
    const names = [
      '"><script>alert(1)</script>',
      '</title><script>alert(1)</script>',
      '<img src=x onerror=alert(1)>',
      PAYLOADS.find((payload) => payload.startsWith('jaVasCript:'))!.slice(-80),
    ]
    for (const [index, name] of names.entries()) {
      const added = execFileSync(BINARY, ['user', 'add', `evil-${index}`, '--name', name], { env: server.env, encoding: 'utf8' })
      const page = await watch.page()
      await page.goto('/login')
      await page.getByLabel('User name').fill(`evil-${index}`)
      await page.getByLabel('Password').fill(added.trim().split('\n').at(-1)!.trim())
      await page.locator('main').getByRole('button', { name: 'Sign in' }).click()
      await expect(page.locator('.sign-out a')).toHaveText(name)
      await watch.look(page, '/')
      if (index === 0) {
        // A file name can't contain all characters, so some are replaced.
        for (const payload of PAYLOADS) {
          const name = `${payload.replaceAll(/[\u0000-\u001f\u007f"\\/]/g, ' ')}.png`
          const answer = await page.request.post('/studio/pictures', {
            headers: { accept: 'application/json' },
            multipart: { picture: { name, mimeType: 'image/png', buffer: PIXEL } },
          })
          expect(answer.status(), name).toBe(201)
        }
        const pages = Math.ceil(PAYLOADS.length / 24)
        for (let number = 1; number <= pages; number++) await watch.look(page, `/studio/pictures?page=${number}`)
      }
      await watch.context.clearCookies()
      await page.close()
    }
    expect(watch.found).toEqual([])
    await watch.context.close()
  })
})

test('code that runs is detected', async ({ browser, server }) => {
  const watch = await Watch.start(browser, server.url)
  const noticed = async (expected: RegExp, act: (page: Page) => Promise<unknown>) => {
    watch.found.length = 0
    const page = await watch.page()
    await page.goto('/articles/first-steps')
    await act(page)
    // A page that is navigating away can't be evaluated.
    watch.found.push(...(await page.evaluate(faults).catch(() => [])))
    await expect.poll(() => watch.found.join('\n')).toMatch(expected)
    await page.close()
  }
  const insert = (html: string) => (page: Page) =>
    page.evaluate((html) => document.querySelector('.prose')!.insertAdjacentHTML('beforeend', html), html)
  // On the blog, the policy blocks a handler, and the watch notices both the block and the element.
  await noticed(/the policy stopped script-src/, insert('<img src=x onerror=alert(1)>'))
  await noticed(/a handler: /, insert('<p onclick=alert(1)>x</p>'))
  await noticed(/an address: /, insert('<a href="&#1;jav&Tab;ascript:alert(1)">x</a>'))
  await noticed(/in the text: <svg/, insert('<svg></svg>'))
  await noticed(/in the text: <input/, insert('<input name=password>'))
  await noticed(/a name of the document is taken/, insert('<img name=cookie>'))
  await noticed(/the policy stopped style-src/, insert('<p style="color:red">x</p>'))
  await noticed(/the policy stopped connect-src/, (page) => page.evaluate(() => fetch('https://evil.example/').catch(() => {})))
  await noticed(/__pwned is set/, (page) => page.evaluate(() => void ((window as any).__pwned = true)))
  // Without a policy it runs, and the watch notices.
  const alone = (html: string) => async (page: Page) => {
    await page.goto(ELSEWHERE)
    await page.setContent(html, { waitUntil: 'commit' })
  }
  await noticed(/a dialog says 1/, alone('<script>alert(1)</script>'))
  await noticed(/stylesheet from https:\/\/evil\.example/, alone('<link rel=stylesheet href=https://evil.example/x.css>'))
  await noticed(/script from https:\/\/evil\.example/, alone('<script src=https://evil.example/x.js></script>'))
  await noticed(/a frame went to|document from https:/, alone('<meta http-equiv=refresh content="0;url=https://evil.example/">'))
  await watch.context.close()
})
