#!/usr/bin/env node
// Measures what a reader on a phone sees of an article in the release build, on slow lines: when
// there is text, when the count shows this reader's +1, and when the server has acknowledged it,
// from the start of the navigation; and the bytes by kind. Fails if one exceeds its limit
// (`figures.mjs`).
// Usage: first-second.mjs BINARY CHROMIUM

import { setTimeout as wait } from 'node:timers/promises'
import { userAgents, screenEmulationMetrics } from 'lighthouse/core/config/constants.js'
import puppeteer from 'puppeteer-core'
import { withBlog } from './blog.mjs'
import { KINDS, faults, kindOf, report } from './figures.mjs'

const ARTICLE = '/articles/first-steps'
const RUNS = 5
const SLOWER_CPU = 4
/** A timeout for what hangs. */
const PATIENCE_MS = 120_000

const bytesPerSecond = (kilobits) => (kilobits * 1000) / 8

/**
 * `latency` is the shortest time from a request to the head of its answer, in milliseconds.
 * Chromium delays requests and bytes, not packets, so opening a connection and negotiating TLS cost
 * nothing. DevTools makes up for that with several round trips per request, which is too much for
 * all requests but the first.
 */
const LINES = [
  {
    name: 'slow 3G: 400 ms, 400 kbit/s',
    latency: 400,
    download: bytesPerSecond(400),
    upload: bytesPerSecond(400),
    mostMs: 2_500,
  },
  {
    name: 'slow 3G as in DevTools: 2,000 ms a request, 400 kbit/s',
    latency: 2_000,
    download: bytesPerSecond(400),
    upload: bytesPerSecond(400),
  },
  { name: '150 ms, 1.6 Mbit/s', latency: 150, download: bytesPerSecond(1_600), upload: bytesPerSecond(750) },
]

/**
 * Notes each count that the page shows, and when it was painted. Runs in the page, before anything
 * else.
 */
function noteCounts() {
  window.notedCounts = []
  let last
  new MutationObserver(() => {
    const text = document.querySelector('[data-article]')?.textContent
    if (!text || text === last) return
    last = text
    // The first is called just before the page is painted, the second after it.
    requestAnimationFrame(() => setTimeout(() => window.notedCounts.push({ text, at: performance.now() })))
  }).observe(document, { subtree: true, childList: true, characterData: true })
}

/** The notes. Runs in the page. */
function readNotes() {
  return {
    firstText: performance.getEntriesByName('first-contentful-paint')[0].startTime,
    counts: window.notedCounts,
    shown: Number(document.querySelector('[data-article]').dataset.shown),
    acknowledged: performance.getEntriesByType('resource').find(({ name }) => name.endsWith('/record-view')).responseEnd,
  }
}

/**
 * Adds up what is sent to a page from now on, by kind. `settle` waits until nothing was under way
 * for a second, so that what a script loads while the page is idle is weighed too. Puppeteer's own
 * wait does not see what is under way when it begins.
 */
async function weigh(page) {
  const bytes = Object.fromEntries(KINDS.map((kind) => [kind, 0]))
  const kinds = new Map()
  const underWay = new Set()
  const client = await page.createCDPSession()
  client.on('Network.requestWillBeSent', ({ requestId }) => underWay.add(requestId))
  client.on('Network.responseReceived', ({ requestId, type, response }) => {
    kinds.set(requestId, kindOf(type, response.mimeType))
  })
  client.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    underWay.delete(requestId)
    bytes[kinds.get(requestId) ?? 'other'] += encodedDataLength
  })
  client.on('Network.loadingFailed', ({ requestId }) => underWay.delete(requestId))
  await client.send('Network.enable')
  const settle = async () => {
    const deadline = Date.now() + PATIENCE_MS
    for (let quiet = 0; quiet < 10; quiet = underWay.size > 0 ? 0 : quiet + 1) {
      if (Date.now() > deadline) throw new Error('the page goes on loading')
      await wait(100)
    }
  }
  return { bytes, settle }
}

/**
 * One reader opens the article for the first time.
 *
 * @param {import('puppeteer-core').Browser} browser
 * @param {string} address the blog's
 * @param {{ latency: number, download: number, upload: number }} line
 * @param {string} from the reader's own address
 * @returns {Promise<import('./figures.mjs').Run>}
 */
async function read(browser, address, line, from) {
  // With an empty cache and no cookies.
  const context = await browser.createBrowserContext()
  try {
    const page = await context.newPage()
    page.setDefaultTimeout(PATIENCE_MS)
    const { width, height, deviceScaleFactor } = screenEmulationMetrics.mobile
    await page.setViewport({ width, height, deviceScaleFactor, isMobile: true, hasTouch: true })
    await page.setUserAgent({ userAgent: userAgents.mobile })
    await page.setExtraHTTPHeaders({ 'x-forwarded-for': from })
    // A browser seldom paints in the first second of a window, which is not the blog's fault. So
    // the window shows something else first.
    await page.goto(`${address}/healthz`)
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))
    await page.emulateCPUThrottling(SLOWER_CPU)
    await page.emulateNetworkConditions(line)
    await page.evaluateOnNewDocument(noteCounts)
    const { bytes, settle } = await weigh(page)
    const [answer] = await Promise.all([
      page.waitForResponse((response) => response.url().endsWith('/record-view')),
      page.goto(address + ARTICLE),
    ])
    const { counted, reason } = await answer.json()
    if (!counted) throw new Error(`the view was not counted: ${reason}`)
    await settle()
    const { firstText, counts, shown, acknowledged } = await page.evaluate(readNotes)
    // The last one counts: a count that fell and rose again shows from then on.
    const { text, at: plusOne } = counts.at(-1)
    if (Number.parseInt(text.replaceAll(',', '')) !== shown + 1) throw new Error(`the page had ${shown} and shows "${text}"`)
    return { firstText, plusOne, acknowledged, bytes }
  } finally {
    await context.close()
  }
}

// Each reader has an address of its own, as from a proxy, so nobody is a repeat or over a cap
// (rules C2 and C3).
const settings = { TIDEMARK_SERVER__TRUSTED_PROXIES: '127.0.0.1' }
await withBlog(...process.argv.slice(2, 4), settings, async (address, port) => {
  const browser = await puppeteer.connect({ browserURL: `http://127.0.0.1:${port}` })
  const measured = LINES.map((line) => [line, []])
  let readers = 0
  // The lines take turns, so that other work on the machine affects all of them.
  for (let run = 0; run < RUNS; run += 1) {
    for (const [line, runs] of measured) {
      readers += 1
      runs.push(await read(browser, address, line, `203.0.113.${readers}`))
    }
  }
  await browser.disconnect()
  console.log(`${ARTICLE}, a reader without a session, an empty cache, a processor ${SLOWER_CPU} times as slow, medians of ${RUNS}:\n`)
  console.log(report(measured))
  const found = measured.flatMap(([line, runs]) => faults(line, runs))
  for (const fault of found) console.error(fault)
  if (found.length > 0) process.exitCode = 1
})
