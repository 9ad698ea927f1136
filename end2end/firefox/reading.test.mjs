// What readers do, once each, in the real Firefox. The other tests in end2end/ use Chromium.
//
// All readers here are one visitor, because they have the address and the User-Agent in common. So
// where a view must count, the test has an article of its own.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { inflateSync } from 'node:zlib'
import { ROOT, startTidemark } from '../../scripts/deploy/server.mjs'
import {
  FIREFOX,
  hasFocus,
  launch,
  leadsTo,
  property,
  shows,
  side,
  style,
  until,
  withPage,
} from './firefox.mjs'

const skip = FIREFOX ? false : 'there is no Firefox. Install it, or set FIREFOX to its path.'

/** No JavaScript, dark colours and little motion. */
const PLAIN = {
  'javascript.enabled': false,
  'layout.css.prefers-color-scheme.content-override': 0,
  'ui.prefersReducedMotion': 1,
}

const LONG = '/articles/everything-markdown-can-do'
const COUNT = '.view-count'
const LIKE = '.article-footer [data-reaction="like"] button'
const SAVE = '[data-reaction="collect"] button'
const FOLLOW = '[data-reaction="follow"] button'
/** What the editor's script shows. */
const EDITOR = '.editor-tools:not([hidden])'

let server
let firefox
let plain
const ends = []

const address = (path) => `http://127.0.0.1:${server.port}${path}`

/** Only stops tests that hang. */
const OPTIONS = { timeout: 600_000 }

/** A test with a page of its own. */
const reads = (sentence, act) => test(sentence, OPTIONS, () => withPage(firefox, act))

/**
 * The same without JavaScript. Puppeteer's clicks wait for frames by a script, so everything is
 * done by keyboard.
 */
const readsPlain = (sentence, act) => test(sentence, OPTIONS, () => withPage(plain, act))

/** Opens a page and waits until its script runs, which the theme button shows. */
async function open(page, path) {
  await page.goto(address(path))
  await page.waitForSelector('.theme-toggle:not([hidden])')
}

/** Follows a link or sends a form, and waits for the next page. */
const leave = (page, act) => Promise.all([page.waitForNavigation(), act()])

/** Waits until the next view is recorded, and returns the server's answer. */
async function recorded(page) {
  const response = await page.waitForResponse((response) => response.url().endsWith('/record-view'))
  return response.json()
}

/** An article with its numbers, from the API. */
async function article(slug) {
  const { articles } = await (await fetch(address('/api/v1/articles?per-page=100'))).json()
  return articles.find((article) => article.slug === slug)
}

let visitors = 0
/** Lets another visitor read an article. */
async function visit(slug) {
  visitors += 1
  const { id } = await article(slug)
  const response = await fetch(address(`/api/v1/articles/${id}/view`), {
    method: 'PUT',
    headers: { 'user-agent': `Mozilla/5.0 (X11; Linux x86_64) Firefox/140.${visitors}` },
  })
  assert.equal((await response.json()).counted, true)
}

/** Fills the form to sign in and sends it with Enter. */
async function signIn(page, password = server.password) {
  await page.type('[name="username"]', 'ann')
  await page.type('[name="password"]', password)
  await leave(page, () => page.keyboard.press('Enter'))
}

/** The colours that a PDF made by Firefox fills with. */
function fills(pdf) {
  const bytes = Buffer.from(pdf)
  const text = bytes.toString('latin1')
  const colours = new Set()
  for (const { index, 0: start } of text.matchAll(/(?<!end)stream\r?\n/g)) {
    const stream = bytes.subarray(index + start.length, text.indexOf('endstream', index))
    let drawing = ''
    try {
      drawing = inflateSync(stream).toString('latin1')
    } catch {
      // It is not compressed, so it is no drawing.
    }
    for (const [, ...rgb] of drawing.matchAll(/([\d.]+) ([\d.]+) ([\d.]+) rg\b/g)) {
      colours.add(`rgb(${rgb.map((part) => Math.round(part * 255)).join(', ')})`)
    }
  }
  return [...colours]
}

describe('in Firefox', { skip }, () => {
  before(async () => {
    const context = { after: (end) => ends.unshift(end) }
    server = await startTidemark(context, { TIDEMARK_VIEWS__PER_IP_CAP: '1000' })
    const browsers = [launch(), launch(PLAIN)]
    for (const browser of browsers) ends.unshift(async () => (await browser).close())
    ;[firefox, plain] = await Promise.all(browsers)
  })

  after(async () => {
    for (const end of ends) await end()
  })

  reads('the ranking of another period is one key or click away', async (page) => {
    await visit('writing-for-the-web')
    await open(page, '/')
    assert.equal((await page.$$('.card')).length, 9)
    await page.focus('#ranking-24h')
    await page.keyboard.press('ArrowRight')
    await hasFocus(page, '#ranking-7d')
    assert.equal(await style(page, '.ranking-7d', 'display'), 'block')
    assert.equal(await style(page, '.ranking-24h', 'display'), 'none')
    await page.click('#ranking-all + label')
    assert.equal(await style(page, '.ranking-all', 'display'), 'block')
    await leave(page, () => page.click('.ranking-all a'))
    await leadsTo(page, '/articles/writing-for-the-web')
  })

  reads('C6: readers see their +1 before the server has answered, and only once', async (page) => {
    const slug = 'moving-in'
    const views = async () => (await article(slug)).views
    let release
    const held = new Promise((done) => (release = done))
    await page.setRequestInterception(true)
    page.on('request', async (request) => {
      if (request.url().endsWith('/record-view')) await held
      await request.continue()
    })
    await open(page, `/articles/${slug}`)
    await shows(page, COUNT, '1 view')
    assert.equal(await views(), 0)
    const first = recorded(page)
    release()
    assert.equal((await first).counted, true)
    await shows(page, COUNT, '1 view')
    assert.equal(await views(), 1)
    // By this, the script knows that the next view does not count.
    await until(() => page.evaluate(() => sessionStorage.length), 1)

    await page.evaluateOnNewDocument(() => {
      window.seen = []
      new MutationObserver(() => {
        const text = document.querySelector('.view-count')?.textContent
        if (text && window.seen.at(-1) !== text) window.seen.push(text)
      }).observe(document, { subtree: true, childList: true, characterData: true })
    })
    const again = recorded(page)
    await page.reload()
    assert.equal((await again).reason, 'repeat')
    await shows(page, COUNT, '1 view')
    assert.deepEqual(await page.evaluate(() => window.seen), ['1 view'])
    await leave(page, () => page.click('.site-name'))
    const back = recorded(page)
    await page.evaluate(() => history.back())
    assert.equal((await back).reason, 'repeat')
    await shows(page, COUNT, '1 view')
    assert.deepEqual(await page.evaluate(() => window.seen), ['1 view'])
    assert.equal(await views(), 1)
  })

  reads("another visitor's view arrives in an open page, later in a hidden one", async (page) => {
    const slug = 'who-is-a-visitor'
    let streams = 0
    page.on('request', (request) => {
      if (request.url().includes('/api/counts/stream')) streams += 1
    })
    await open(page, `/articles/${slug}`)
    await shows(page, COUNT, '1 view')
    await visit(slug)
    await shows(page, COUNT, '2 views')
    await shows(page, '.end-count [data-total-of]', '2 views')
    assert.equal(streams, 1)
    const other = await page.browserContext().newPage()
    await until(() => page.evaluate(() => document.visibilityState), 'hidden')
    await visit(slug)
    await page.bringToFront()
    await shows(page, COUNT, '3 views')
    assert.equal(streams, 2)
    await other.close()
  })

  reads('the mark beside a count explains it', async (page) => {
    await open(page, '/articles/first-steps')
    const isOpen = () => page.$eval('#how-counted', (text) => text.matches(':popover-open'))
    await page.focus('.tide-mark')
    await page.keyboard.press('Enter')
    await until(isOpen, true)
    const explanation = await property(page, '#how-counted', 'innerText')
    assert.match(explanation, /once every 10 minutes.*Last 24 hours: /s)
    await page.keyboard.press('Escape')
    await until(isOpen, false)
    await hasFocus(page, '.tide-mark')
    await page.click('.tide-mark')
    await until(isOpen, true)
    await leave(page, () => page.click('#how-counted a'))
    await shows(page, 'h1', 'How views are counted')
  })

  reads('who signs in to like comes back, and likes without a reload', async (page) => {
    const slug = 'a-count-you-can-trust'
    await open(page, `/articles/${slug}`)
    await leave(page, () => page.click('.article-footer a.reaction'))
    await shows(page, 'h1', 'Sign in to like “A count you can trust”')
    await signIn(page)
    await leadsTo(page, `/articles/${slug}`)
    await shows(page, LIKE, 'Like 1')
    await page.waitForSelector('.theme-toggle:not([hidden])')
    await page.evaluate(() => (window.isSamePage = true))
    for (const [isOn, likes] of [['false', 0], ['true', 1]]) {
      await page.click(LIKE)
      await shows(page, LIKE, `Like ${likes}`)
      // The button at the head of the article is the same.
      await shows(page, '.article-header [data-reaction="like"] button', `Like ${likes}`)
      assert.equal(await property(page, LIKE, 'ariaPressed'), isOn)
      await until(async () => (await article(slug)).likes, likes)
    }
    await page.click(SAVE)
    await shows(page, SAVE, 'Save 1')
    await until(async () => (await article(slug)).collects, 1)
    await page.click(FOLLOW)
    assert.equal(await property(page, FOLLOW, 'ariaPressed'), 'true')
    const following = async () => (await fetch('/following')).text()
    await until(async () => (await page.evaluate(following)).includes('Marina Keel'), true)
    assert.equal(await page.evaluate(() => window.isSamePage), true)
    await open(page, '/collects')
    await shows(page, '.card-title', 'A count you can trust')
  })

  reads('signing in leads to the page that asked, signing out clears the storage', async (page) => {
    await open(page, '/login?next=/articles/first-steps')
    await signIn(page, 'not the password')
    await shows(page, '.error', 'The user name or the password is wrong.')
    await page.$eval('[name="username"]', (field) => field.select())
    await signIn(page)
    await leadsTo(page, '/articles/first-steps')
    await until(() => page.evaluate(() => sessionStorage.length), 1)
    await leave(page, () => page.click('.sign-out button'))
    assert.equal(await page.evaluate(() => sessionStorage.length), 0)
    await shows(page, '.site-nav > a[href="/login"]', 'Sign in')
  })

  reads('the theme button switches to dark and back, also on the next page', async (page) => {
    await open(page, '/')
    const background = () => style(page, 'body', 'background-color')
    const light = await background()
    await page.click('::-p-aria(Switch to dark colours)')
    const dark = await background()
    assert.notEqual(dark, light)
    const html = await (await page.goto(address('/articles/first-steps'))).text()
    assert.match(html, /<html[^>]* data-theme="dark"/)
    assert.equal(await background(), dark)
    await page.waitForSelector('.theme-toggle:not([hidden])')
    await page.click('::-p-aria(Switch to light colours)')
    assert.equal(await background(), light)
  })

  reads('the / key goes to the search, which suggests titles and finds words', async (page) => {
    const found = '/articles/what-a-crash-leaves-behind'
    await open(page, '/tags')
    await page.keyboard.press('/')
    await leadsTo(page, '/search#q')
    await hasFocus(page, '#q')
    await page.keyboard.type('crash beh')
    await shows(page, '#suggestions li', 'What a crash leaves behind')
    await page.keyboard.press('ArrowDown')
    assert.equal(await property(page, '#suggestions li', 'ariaSelected'), 'true')
    await leave(page, () => page.keyboard.press('Enter'))
    await leadsTo(page, found)

    await open(page, '/search')
    await page.type('#q', 'cras')
    await page.waitForSelector('#suggestions li')
    await leave(page, () => page.click('#suggestions li'))
    await leadsTo(page, found)

    await open(page, '/search')
    await page.type('#q', 'crashes leave')
    await leave(page, () => page.keyboard.press('Enter'))
    await shows(page, '.card-title', 'What a crash leaves behind')
    assert.ok(await page.$('.card mark'))

    await page.click('[data-slash] input')
    await page.focus('.site-name')
    await page.keyboard.press('/')
    await hasFocus(page, '.site-name')
  })

  reads('code is copied without its line numbers', async (page) => {
    await open(page, LONG)
    const button = '.code-frame:has(.giallo-ln) .code-copy'
    await page.click(button)
    await shows(page, button, 'Copied')
    // Firefox asks the reader before a script may read the clipboard.
    await page.evaluate(() => {
      document.body.prepend(document.createElement('textarea'))
      document.querySelector('textarea').focus()
    })
    await page.keyboard.down('Control')
    await page.keyboard.press('v')
    await page.keyboard.up('Control')
    const code = 'fn main() {\n    println!("High water");\n}'
    await until(() => property(page, 'textarea', 'value'), code)
  })

  reads('the contents lead to a heading, and have a column where there is room', async (page) => {
    const isAtTop = async (selector) => {
      const top = await side(page, selector, 'top')
      return top >= 0 && top < 100
    }
    await page.setViewport({ width: 800, height: 900 })
    await open(page, LONG)
    await page.click('.contents summary')
    await page.click('.contents a[href$="#tables"]')
    await until(() => isAtTop('#tables'), true)
    await page.setViewport({ width: 1440, height: 900 })
    await until(() => isAtTop('.contents'), true)
    assert.ok((await side(page, '.contents', 'right')) < (await side(page, '.prose', 'left')))
  })

  reads('the boxes of a task list have the background of the page', async (page) => {
    await open(page, LONG)
    const background = await style(page, '.task-list-item-checkbox', 'background-color')
    assert.equal(background, 'rgba(0, 0, 0, 0)')
  })

  reads('the language is chosen at the end of the page', async (page) => {
    await open(page, '/archive')
    await leave(page, () => page.click('.languages [value="ru"]'))
    await leadsTo(page, '/archive')
    await shows(page, 'h1', 'Архив')
    assert.equal(await property(page, 'html', 'lang'), 'ru')
    await open(page, '/articles/kak-more-uchit-schitat')
    const words = async () => (await property(page, COUNT, 'innerText')).replace(/\d+ /, '')
    await until(words, 'просмотр')
    await leave(page, () => page.click('.languages [value="en"]'))
    await until(words, 'view')
  })

  reads('no page is wider than the screen', async (page) => {
    const pages = {
      '/': 'Tidemark',
      [LONG]: 'Everything Markdown can do',
      '/search?q=count': 'Search',
      '/most-viewed': 'Most viewed',
      '/tags': 'Tags',
      '/tags/counting': 'Counting',
      '/archive': 'Archive',
      '/authors/marina-keel': 'Marina Keel',
      '/counting': 'How views are counted',
      '/login': 'Sign in',
    }
    for (const [path, heading] of Object.entries(pages)) {
      await open(page, path)
      await shows(page, 'h1', heading)
      for (const width of [360, 768, 1440]) {
        await page.setViewport({ width, height: 900 })
        const excess = await page.$eval('html', (html) => html.scrollWidth - html.clientWidth)
        assert.equal(excess, 0, `${path} at ${width}`)
      }
    }
  })

  reads('the first Tab stop skips to the content, which takes the focus', async (page) => {
    await open(page, '/')
    await page.keyboard.press('Tab')
    await hasFocus(page, '.skip-link')
    await until(() => side(page, '.skip-link', 'top'), 0)
    await page.keyboard.press('Enter')
    await hasFocus(page, 'main')
  })

  reads('on a phone, the keyboard opens and closes the menu', async (page) => {
    await page.setViewport({ width: 360, height: 740 })
    await open(page, '/')
    const display = () => style(page, '.site-nav', 'display')
    assert.equal(await display(), 'none')
    await page.focus('.menu-button')
    await page.keyboard.press('Enter')
    await until(display, 'grid')
    await page.keyboard.press('Escape')
    await until(display, 'none')
    await hasFocus(page, '.menu-button')
  })

  reads('an article does not move while its pictures and fonts arrive', async (page) => {
    await page.goto(address('/login?next=/studio/new'))
    await signIn(page)
    await page.waitForSelector(EDITOR)
    const picture = readFileSync(join(ROOT, 'docs/screenshot.png')).toString('base64')
    const url = await page.evaluate(async (picture) => {
      const bytes = Uint8Array.from(atob(picture), (character) => character.charCodeAt(0))
      const body = new FormData()
      body.append('picture', new File([bytes], 'tide.png', { type: 'image/png' }))
      const headers = { accept: 'application/json' }
      return (await (await fetch('/studio/pictures', { method: 'POST', headers, body })).json()).url
    }, picture)
    const chart = `![A chart](${url})`
    await page.type('#title', 'Nothing moves')
    await page.type('#cover', url)
    await page.type('#markdown', `*A* **chart**:\n\n${chart}\n\nAnother:\n\n${chart}\n\nThe end.`)
    await leave(page, () => page.click('::-p-text(Publish now)'))
    await page.waitForSelector(EDITOR)

    let isHeld
    const held = []
    await page.setRequestInterception(true)
    page.on('request', (request) => {
      if (isHeld && /\/(pictures|fonts)\//.test(request.url())) held.push(request)
      else request.continue()
    })
    const tops = () =>
      page.$$eval('.article *', (all) => {
        const visible = all.filter((element) => element.checkVisibility())
        return visible.map((element) => element.getBoundingClientRect().top + window.scrollY)
      })
    for (const width of [1280, 360]) {
      isHeld = true
      await page.setViewport({ width, height: 900 })
      await page.goto(address('/articles/nothing-moves'), { waitUntil: 'domcontentloaded' })
      await page.waitForSelector('.theme-toggle:not([hidden])')
      await until(() => held.length > 0, true)
      const before = await tops()
      isHeld = false
      for (const request of held.splice(0)) request.continue()
      await page.evaluate(async () => {
        for (const image of document.images) image.scrollIntoView()
        await document.fonts.ready
      })
      const arrived = () => [...document.images].every((image) => image.naturalWidth > 0)
      await until(() => page.evaluate(arrived), true)
      const moves = (await tops()).map((top, index) => Math.abs(top - before[index]))
      // A smaller copy of a picture has sides of whole pixels, so its shape is not quite the same.
      assert.ok(Math.max(...moves) < 2, `it moved by ${Math.max(...moves)} pixels at ${width}`)
    }
  })

  describe('without JavaScript', () => {
    readsPlain('an article reads whole, without a button that would do nothing', async (page) => {
      await page.goto(address(LONG))
      const text = await property(page, '.prose', 'innerText')
      assert.match(text, /^Markdown is plain text.*Writing for the web goes on from here/s)
      assert.match(await property(page, COUNT, 'innerText'), /^\d+ views?$/)
      assert.equal(await style(page, '.theme-toggle', 'display'), 'none')
      assert.equal(await page.$('.code-copy'), null)
      await page.focus('.tide-mark')
      await page.keyboard.press('Enter')
      await until(() => page.$eval('#how-counted', (text) => text.matches(':popover-open')), true)
    })

    readsPlain('colours and motion are as the reader prefers, and paper is light', async (page) => {
      await page.goto(address('/articles/first-steps'))
      assert.equal(await style(page, 'body', 'background-color'), 'rgb(16, 23, 25)')
      assert.equal(await style(page, '.skip-link', 'transition-duration'), '0s')
      const dark = await style(page, 'body', 'color')
      // On paper Firefox prefers light colours itself, unless the reader has chosen dark ones.
      const theme = { name: 'theme', value: 'dark', domain: '127.0.0.1' }
      await page.browserContext().setCookie(theme)
      await page.reload()
      assert.equal(await page.$eval('html', (html) => html.dataset.theme), 'dark')
      const colours = fills(await page.pdf({ pageRanges: '1', printBackground: true }))
      assert.ok(colours.includes('rgb(28, 36, 38)'), `no ink in ${colours}`)
      assert.ok(!colours.includes(dark), `dark colours' ink in ${colours}`)
    })

    readsPlain('the forms search, sign in and like', async (page) => {
      await page.goto(address('/search'))
      await page.type('#q', 'crashes leave')
      await leave(page, () => page.keyboard.press('Enter'))
      await shows(page, '.card-title', 'What a crash leaves behind')
      const path = '/articles/what-a-crash-leaves-behind'
      await page.goto(address(path))
      await page.focus('.article-footer a.reaction')
      await leave(page, () => page.keyboard.press('Enter'))
      await signIn(page)
      await leadsTo(page, path)
      await shows(page, LIKE, 'Like 1')
      await page.focus(LIKE)
      await leave(page, () => page.keyboard.press('Enter'))
      await shows(page, LIKE, 'Like 0')
    })
  })
})
