// Starts Firefox, and asks pages in it what the tests want to know.

import assert from 'node:assert/strict'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import puppeteer from 'puppeteer-core'

/** How long a condition may take, in milliseconds. Only a broken page takes so long. */
const PATIENCE_MS = 60_000

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

const folders = (process.env.PATH ?? '').split(delimiter)

/** The path of Firefox: `FIREFOX`, or the first one that is installed. */
export const FIREFOX =
  process.env.FIREFOX ||
  ['firefox-esr', 'firefox']
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .find(isProgram)

/** Starts Firefox with preferences of `about:config`. Unless they say otherwise, it is light. */
export function launch(preferences = {}) {
  return puppeteer.launch({
    browser: 'firefox',
    executablePath: FIREFOX,
    headless: true,
    timeout: PATIENCE_MS,
    extraPrefsFirefox: { 'layout.css.prefers-color-scheme.content-override': 1, ...preferences },
  })
}

/**
 * Opens a page with cookies and storage of its own. It fails if one of the page's scripts does.
 *
 * @param {(page: import('puppeteer-core').Page) => Promise<void>} act
 */
export async function withPage(browser, act) {
  const context = await browser.createBrowserContext()
  try {
    const page = await context.newPage()
    page.setDefaultTimeout(PATIENCE_MS)
    await page.setViewport({ width: 1280, height: 900 })
    const errors = []
    page.on('pageerror', ({ message }) => errors.push(message))
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
    await act(page)
    assert.deepEqual(errors, [], 'errors of scripts')
  } finally {
    await context.close()
  }
}

/** Asks until the answer is the expected one. */
export async function until(ask, expected) {
  const end = Date.now() + PATIENCE_MS
  while ((await ask()) !== expected && Date.now() < end) await wait(50)
  assert.equal(await ask(), expected)
}

/** Waits until the first element that matches has this text. */
export async function shows(page, selector, expected) {
  const text = (selector) => document.querySelector(selector)?.textContent ?? ''
  const read = async () => (await page.evaluate(text, selector)).replace(/\s+/g, ' ').trim()
  await until(read, expected)
}

/** Waits until the address ends like this, and its page is there. */
export async function leadsTo(page, end) {
  const arrived = (end) => document.readyState === 'complete' && location.href.endsWith(end)
  await until(async () => (await page.evaluate(arrived, end)) || page.url(), true)
}

/** Waits until an element that matches has the focus. */
export async function hasFocus(page, selector) {
  const focused = (selector) => document.activeElement.matches(selector)
  await until(() => page.evaluate(focused, selector), true)
}

/** A property of an element. */
export const property = (page, selector, name) =>
  page.$eval(selector, (element, name) => element[name], name)

/** The value of a CSS property. */
export const style = (page, selector, name) =>
  page.$eval(selector, (element, name) => getComputedStyle(element).getPropertyValue(name), name)

/** A side of an element in the window, in whole pixels. */
export const side = (page, selector, name) =>
  page.$eval(selector, (element, name) => Math.round(element.getBoundingClientRect()[name]), name)
