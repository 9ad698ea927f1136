// Evaluates the measurements of `first-second.mjs`. It is separate so that it can be tested without
// a browser.

/** The byte limit for an article without a session, as sent. */
const MOST_BYTES = 85_000

export const KINDS = ['document', 'script', 'style', 'font', 'picture', 'wasm', 'other']

/** The kind for each of DevTools' resource types. */
const TYPES = { Document: 'document', Script: 'script', Stylesheet: 'style', Font: 'font', Image: 'picture' }

/**
 * The kind of a response. Scripts fetch WebAssembly, so DevTools has no type of its own for it.
 *
 * @param {string} type DevTools' resource type @param {string} mimeType
 */
export function kindOf(type, mimeType) {
  return mimeType === 'application/wasm' ? 'wasm' : (TYPES[type] ?? 'other')
}

/** The median of an odd number of figures. @param {number[]} figures */
export function median(figures) {
  return figures.toSorted((one, other) => one - other)[(figures.length - 1) / 2]
}

/**
 * @typedef {object} Line
 * @property {string} name
 * @property {number} [mostMs] by when the +1 must show
 *
 * @typedef {object} Run
 * @property {number} firstText milliseconds from the start of the navigation, as are the next two
 * @property {number} plusOne
 * @property {number} acknowledged
 * @property {Record<string, number>} bytes as they were sent, with their heads, by kind
 */

/** All bytes sent. @param {Run} run */
export function weight({ bytes }) {
  return Object.values(bytes).reduce((sum, some) => sum + some, 0)
}

/**
 * The limits that a line exceeds, one sentence each.
 *
 * @param {Line} line
 * @param {Run[]} runs
 * @returns {string[]}
 */
export function faults({ name, mostMs = Infinity }, runs) {
  const found = []
  const plusOne = median(runs.map((run) => run.plusOne))
  if (plusOne > mostMs) found.push(`${name}: the +1 stands after ${Math.round(plusOne)} ms, which should be ${mostMs} at most`)
  const heaviest = Math.max(...runs.map(weight))
  if (heaviest > MOST_BYTES) found.push(`${name}: the article has ${heaviest} bytes, which should be ${MOST_BYTES} at most`)
  if (runs.some(({ bytes }) => bytes.wasm > 0)) found.push(`${name}: the article brings WebAssembly, which only the editor needs`)
  return found
}

/** A table in Markdown. @param {string[]} head @param {string[][]} rows */
function table(head, rows) {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** Milliseconds as seconds: median, smallest and largest. @param {number[]} figures */
function seconds(figures) {
  const [middle, least, most] = [median(figures), Math.min(...figures), Math.max(...figures)].map((ms) => (ms / 1000).toFixed(2))
  return `${middle} s (${least} to ${most})`
}

/** The medians of each line: times and kilobytes. @param {[Line, Run[]][]} measured */
export function report(measured) {
  const times = measured.map(([{ name }, runs]) => [
    name,
    ...['firstText', 'plusOne', 'acknowledged'].map((time) => seconds(runs.map((run) => run[time]))),
  ])
  const kilobytes = (bytes) => (median(bytes) / 1000).toFixed(1)
  const weights = measured.map(([{ name }, runs]) => [
    name,
    ...KINDS.map((kind) => kilobytes(runs.map(({ bytes }) => bytes[kind]))),
    kilobytes(runs.map(weight)),
  ])
  return [
    table(['line', 'first text', '+1', 'acknowledged'], times),
    table(['kB as sent', ...KINDS, 'all'], weights),
  ].join('\n\n')
}
