// Checks what a program can check in the documents: links resolve, named files exist, the book has
// every page, and no line is longer than 100 columns.

import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..')
const DOCS = 'docs'
const PAGES = [
  ...['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md'],
  ...readdirSync(join(ROOT, DOCS), { recursive: true })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(DOCS, name)),
]
const read = (page) => readFileSync(join(ROOT, page), 'utf8')

/** A page without its code blocks. */
const prose = (page) => read(page).replace(/^```[^]*?^```$/gm, '')

/** A heading's anchor, as GitHub and mdBook generate it. */
const anchor = (heading) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-')

const anchors = (page) => [...prose(page).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchor(heading))

/** The broken links of a page, one line each. */
function brokenLinks(page, text) {
  const links = [...text.replace(/`[^`]*`/g, '').matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link)
  return links
    .filter((link) => !/^[a-z]+:/.test(link))
    .filter((link) => {
      const [path, heading] = link.split('#')
      const target = path === '' ? page : normalize(join(dirname(page), path))
      if (!existsSync(join(ROOT, target))) return true
      // A page of the book can't link outside the book.
      if (page.startsWith(DOCS) && relative(DOCS, target).startsWith('..')) return true
      return heading !== undefined && !anchors(target).includes(heading)
    })
    .map((link) => `${page}: ${link}`)
}

/** The files that a text names, relative to the repository's root, that don't exist. */
function missingFiles(page, text) {
  const named = [...text.matchAll(/`((?:\.cargo|\.ci|\.github|browser|crates|deploy|docs|end2end|fuzz|migrations|samples|scripts|src|style)\/[^`\s]*)`/g)]
  return named
    .map(([, path]) => path.replace(/:\d+$/, ''))
    .filter((path) => !/[*{<…]|NNNN|NAME/.test(path) && !existsSync(join(ROOT, path)))
    .map((path) => `${page}: ${path}`)
}

test('links between documents resolve', () => {
  assert.deepEqual(PAGES.flatMap((page) => brokenLinks(page, prose(page))), [])
  for (const link of ['nothing.md', 'ARCHITECTURE.md#nowhere', '../README.md']) {
    assert.equal(brokenLinks('docs/ACCESS.md', `[a](${link})`).length, 1, `${link} is found`)
  }
})

test('files that documents name exist', () => {
  assert.deepEqual(PAGES.filter((page) => page !== 'CHANGELOG.md').flatMap((page) => missingFiles(page, prose(page))), [])
  assert.equal(missingFiles('README.md', '`src/nothing.rs`').length, 1)
})

test('the book has every page exactly once', () => {
  const listed = [...read('docs/SUMMARY.md').matchAll(/\]\(([^)]+)\)/g)].map(([, path]) => join(DOCS, path))
  const pages = PAGES.filter((page) => page.startsWith(DOCS) && page !== 'docs/SUMMARY.md')
  assert.deepEqual(listed.toSorted(), pages.toSorted())
})

test('lines of documents are at most 100 columns wide, but for tables, code and pictures', () => {
  const isLong = (line) => [...line].length > 100 && !/^(\||!\[)/.test(line)
  const long = PAGES.flatMap((page) => prose(page).split('\n').filter(isLong).map((line) => `${page}: ${line}`))
  assert.deepEqual(long, [])
})
