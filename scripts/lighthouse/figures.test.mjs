// Tests the evaluation of the figures of `first-second.mjs`.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faults, kindOf, median, report } from './figures.mjs'

const LINE = { name: 'slow', mostMs: 2_500 }
const WEIGHTS = { document: 6_000, script: 4_200, style: 4_900, font: 0, picture: 0, wasm: 0, other: 500 }

const run = ({ plusOne = 1_200, ...bytes } = {}) => ({
  firstText: 900,
  plusOne,
  acknowledged: 1_700,
  bytes: { ...WEIGHTS, ...bytes },
})

test('the median is the one in the middle by size', () => {
  assert.equal(median([10, 9, 100, 1, 11]), 10)
})

test('WebAssembly is recognised whatever loads it', () => {
  assert.equal(kindOf('Fetch', 'application/wasm'), 'wasm')
  assert.equal(kindOf('Fetch', 'application/json'), 'other')
  assert.equal(kindOf('Stylesheet', 'text/css'), 'style')
})

test('a light and fast article has no faults', () => {
  assert.deepEqual(faults(LINE, [run(), run(), run()]), [])
})

test('one late +1 is forgiven, and usually late ones are a fault', () => {
  const late = run({ plusOne: 2_501 })
  assert.deepEqual(faults(LINE, [run(), late, run()]), [])
  assert.equal(faults(LINE, [late, run(), late]).length, 1)
  assert.deepEqual(faults({ name: 'without a limit' }, [late, late, late]), [])
})

test('too many bytes, or any WebAssembly, are a fault even once', () => {
  assert.deepEqual(faults(LINE, [run(), run({ picture: 69_400 }), run()]), [])
  assert.equal(faults(LINE, [run(), run({ picture: 69_401 }), run()]).length, 1)
  assert.equal(faults(LINE, [run(), run({ wasm: 1 }), run()]).length, 1)
})

test('the report has the medians of all lines', () => {
  assert.equal(
    report([[LINE, [run({ plusOne: 1_310 }), run(), run({ plusOne: 1_100, other: 700 })]]]),
    [
      '| line | first text | +1 | acknowledged |',
      '| --- | --- | --- | --- |',
      '| slow | 0.90 s (0.90 to 0.90) | 1.20 s (1.10 to 1.31) | 1.70 s (1.70 to 1.70) |',
      '',
      '| kB as sent | document | script | style | font | picture | wasm | other | all |',
      '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
      '| slow | 6.0 | 4.2 | 4.9 | 0.0 | 0.0 | 0.0 | 0.5 | 15.6 |',
    ].join('\n'),
  )
})
