#!/usr/bin/env node
// Measures how an article of the release build loads on a phone with a slow connection: when text
// shows, when the count shows this reader's +1, when the server has acknowledged the view, all from
// the start of the navigation, and the bytes by kind. Fails if a figure exceeds its limit
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
/** The timeout for anything that hangs. */
const PATIENCE_MS = 120_000

const bytesPerSecond = (kilobits) => (kilobits * 1000) / 8

/**
 * `latency` is the minimum time from a request to the head of its response, in milliseconds.
 * Chromium delays requests and bytes, not packets, so TCP and TLS handshakes cost nothing. DevTools
 * compensates with several round trips per request, which is too much for all requests but the
 * first.
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
 * Records each count that the page shows, and when it was painted. Runs in the page, before any
 * other script.
 */
function noteCounts() {
  window.notedCounts = []
  let last
  new MutationObserver(() => {
    const text = document.querySelector('[data-article]')?.textContent
    if (!text || text === last) return
    last = text
    // The animation frame comes just before the paint, and the timeout just after it.
    requestAnimationFrame(() => setTimeout(() => window.notedCounts.push({ text, at: performance.now() })))
  }).observe(document, { subtree: true, childList: true, characterData: true })
}

/** The recorded counts and paint times. Runs in the page. */
function readNotes() {
  return {
    firstText: performance.getEntriesByName('first-contentful-paint')[0].startTime,
    counts: window.notedCounts,
    shown: Number(document.querySelector('[data-article]').dataset.shown),
    acknowledged: performance.getEntriesByType('resource').find(({ name }) => name.endsWith('/record-view')).responseEnd,
  }
}

/**
 * Adds up the bytes sent to a page from now on, by kind. `settle` waits until there was no request
 * for a second, so that files loaded at idle time are included. Puppeteer's own wait misses
 * requests that started before it.
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
  // A new context has an empty cache and no cookies.
  const context = await browser.createBrowserContext()
  try {
    const page = await context.newPage()
    page.setDefaultTimeout(PATIENCE_MS)
    const { width, height, deviceScaleFactor } = screenEmulationMetrics.mobile
    await page.setViewport({ width, height, deviceScaleFactor, isMobile: true, hasTouch: true })
    await page.setUserAgent({ userAgent: userAgents.mobile })
    await page.setExtraHTTPHeaders({ 'x-forwarded-for': from })
    // A new window seldom paints in its first second, which is not the blog's fault. So load
    // another page first.
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
    // Use the last change: if the count fell and rose again, the +1 shows only from then on.
    const { text, at: plusOne } = counts.at(-1)
    if (Number.parseInt(text.replaceAll(',', '')) !== shown + 1) throw new Error(`the page had ${shown} and shows "${text}"`)
    return { firstText, plusOne, acknowledged, bytes }
  } finally {
    await context.close()
  }
}

// Each reader has its own IP address, as if behind a proxy, so no view is a repeat or over a cap
// (rules C2 and C3).
const settings = { TIDEMARK_SERVER__TRUSTED_PROXIES: '127.0.0.1' }
await withBlog(...process.argv.slice(2, 4), settings, async (address, port) => {
  const browser = await puppeteer.connect({ browserURL: `http://127.0.0.1:${port}` })
  const measured = LINES.map((line) => [line, []])
  let readers = 0
  // The lines take turns, so that other load on the machine affects all of them.
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
