// Unit tests for the parts of reading.js that need no browser; the other tests are in end2end/.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Refusal, formatCount, formatFollowers, formatNoun, formatViews, highest, persist, refusal } from './reading.js'

test('numbers are formatted as in src/text/numbers.rs', () => {
  const counts = [[0, '0'], [999, '999'], [1000, '1,000'], [1_234_567, '1,234,567'], [-123, '-123'], [-1234, '-1,234']]
  for (const [count, text] of counts) assert.equal(formatCount(count), text)
  assert.deepEqual([0, 1, 1000].map(formatViews), ['0 views', '1 view', '1,000 views'])
  assert.deepEqual([1, 2].map(formatFollowers), ['1 follower', '2 followers'])
})

test('a count has the plural form of its language', () => {
  const forms = { one: '# просмотр', few: '# просмотра', many: '# просмотров' }
  const inRussian = (count) => formatNoun(count, forms, 'view', 'ru', '\u00a0')
  const expected = ['1 просмотр', '2 просмотра', '11 просмотров', '1\u00a0021 просмотр']
  assert.deepEqual([1, 2, 11, 1021].map(inRussian), expected)
  assert.equal(formatNoun(5, { other: '# 次浏览' }, 'view', 'zh-Hans', ','), '5 次浏览')
})

test('a refusal has the message of the server, and says whether a retry may help', () => {
  const told = (error) => {
    const { message, passes } = refusal(error)
    return [message, passes]
  }
  assert.deepEqual(told({ NotFound: 'There is no such article.' }), ['There is no such article.', false])
  assert.deepEqual(told('Unauthorized'), ['Please sign in first.', false])
  assert.deepEqual(told('Internal'), ['Something went wrong on our side.', true])
  const unavailable = "This can't be done right now. Please try again in a moment."
  for (const other of ['Unavailable', 'toString', null, 7, [], {}, { status: 502 }, { NotFound: 1 }, { Internal: 'x' }]) {
    assert.deepEqual(told(other), [unavailable, true], JSON.stringify(other))
  }
})

/**
 * Calls `persist` with these outcomes, one per attempt. Returns the result, the delays before
 * retries, and the number of attempts.
 */
async function sent(outcomes) {
  const waited = []
  let attempts = 0
  const send = async () => {
    const outcome = outcomes[Math.min(attempts++, outcomes.length - 1)]
    if (outcome instanceof Error) throw outcome
    return outcome
  }
  const answer = await persist(send, async (ms) => void waited.push(ms))
  return { answer, waited, attempts }
}

test('what cannot be recorded now is retried with growing delays, and given up in the end', async () => {
  const away = new Refusal('Unavailable')
  assert.deepEqual(await sent([7]), { answer: 7, waited: [], attempts: 1 })
  assert.deepEqual(await sent([away, new Refusal('Internal'), 7]), { answer: 7, waited: [1000, 2000], attempts: 3 })
  const given = await sent([away])
  assert.deepEqual(given, { answer: undefined, waited: [1000, 2000, 4000, 8000], attempts: 5 })
})

test('what is refused for good is not retried', async () => {
  for (const error of ['NotFound', 'BadRequest', 'Unauthorized', 'Forbidden', 'TooLarge']) {
    assert.deepEqual(await sent([new Refusal(error, 'No.')]), { answer: undefined, waited: [], attempts: 1 }, error)
  }
})

test('C6: a count that is followed never falls, and says by how much it rose', () => {
  const shown = []
  const counts = highest((...told) => shown.push(told))
  counts.of('1', 5).raise(7)
  counts.of('1', 99).raise(6)
  counts.of('1', 0).raise(8)
  counts.of('2', 3).raise(3)
  assert.deepEqual(shown, [['1', 7, 2], ['1', 8, 3], ['2', 3, 0]])
  assert.equal(counts.of('1', 0).views, 8)
})

test('an element of a text with the id of the texts does not stop the script', async () => {
  const forged = { textContent: 'Site texts' }
  const nothing = { addEventListener: () => {}, querySelector: () => null, querySelectorAll: () => [] }
  globalThis.window = nothing
  globalThis.document = {
    ...nothing,
    documentElement: { lang: 'en' },
    head: nothing,
    getElementById: () => forged,
    querySelector: (selector) => (selector.includes('site-texts') ? forged : null),
  }
  try {
    const script = await import('./reading.js?with-a-document')
    assert.equal(script.formatViews(2), '2 views')
  } finally {
    delete globalThis.window
    delete globalThis.document
  }
})
