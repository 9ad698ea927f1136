/**
 * What a page does in a reader's browser: counts the view, changes the theme, lets buttons answer at once, and forgets at sign-out.
 * Every page loads it, and nothing else. Without it all of them read the same, and their forms work by themselves.
 *
 * What it needs to know stands in the page, in attributes that begin with `data-`. No text of an author keeps such an attribute.
 */

/** How long to wait before each further attempt when a view can't be recorded, in milliseconds. Repeating is safe (rule C2). */
const RETRY_AFTER_MS = [1_000, 2_000, 4_000, 8_000]

/** What the keys begin with under which a tab remembers when an article may count again. */
const READ = 'tidemark.read.'

/** The key by which a tab tells the others that somebody signs out. */
const SIGNED_OUT = 'tidemark.signed-out'

/** The errors that come without words of their own, as in `src/error.rs`. */
const WORDS = {
  Unauthorized: 'Please sign in first.',
  TooLarge: "The request's body is too large.",
  Unavailable: "This can't be done right now. Please try again in a moment.",
  Internal: 'Something went wrong on our side.',
}

// Numbers as people read them, as in `src/model/numbers.rs`.

/** A count with a comma every three digits: `1,234,567`. @param {number} count */
export function formatCount(count) {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** `1 view`, `2 views`. @param {number} count */
export function formatViews(count) {
  return `${formatCount(count)} ${count === 1 ? 'view' : 'views'}`
}

/** `1 follower`, `2 followers`. @param {number} count */
export function formatFollowers(count) {
  return `${formatCount(count)} ${count === 1 ? 'follower' : 'followers'}`
}

// What is asked of the server

/** Why a request was not done, in words for the reader. */
export class Refusal extends Error {
  /** @param {string} name the error's name in `src/error.rs` @param {string} [words] its words, if they are its own */
  constructor(name, words = WORDS[name] ?? WORDS.Unavailable) {
    super(words)
    /** Whether it may be another answer the next time. */
    this.passes = name === 'Unavailable' || name === 'Internal'
  }
}

/**
 * The refusal that an answer of 400 or more stands for: a name, or a name with its words. Anything else is not this program's, such as a
 * proxy's answer while the program restarts.
 *
 * @param {unknown} error what the answer's JSON says
 */
export function refusal(error) {
  if (typeof error === 'string' && Object.hasOwn(WORDS, error)) return new Refusal(error)
  const [name, words] = Object.entries(error ?? {})[0] ?? []
  const isKnown = ['NotFound', 'BadRequest', 'Forbidden'].includes(name) && typeof words === 'string'
  return isKnown ? new Refusal(name, words) : new Refusal('Unavailable')
}

/**
 * Asks one of the server functions in `src/api/`, and returns its answer.
 *
 * @param {string} name the last part of its address
 * @param {Record<string, unknown>} parameters what it is told
 * @param {string} member what its answer has, by which it is known
 * @throws {Refusal} if it was not done, or nobody answered
 */
async function ask(name, parameters, member) {
  let response
  let answer
  try {
    response = await fetch(`/api/islands/${name}`, {
      method: 'PUT',
      headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(parameters).toString(),
    })
    answer = await response.json()
  } catch {
    // No connection, or an answer that is not this program's.
    throw new Refusal('Unavailable')
  }
  if (!response.ok) throw refusal(answer)
  if (!Object.hasOwn(answer ?? {}, member)) throw new Refusal('Unavailable')
  return answer
}

/**
 * Sends until it is done, or refused for good, or refused too often.
 *
 * @template T
 * @param {() => Promise<T>} send
 * @param {(ms: number) => Promise<void>} wait
 * @returns {Promise<T | undefined>} the answer, if there was one
 */
export async function persist(send, wait) {
  for (const delay of [...RETRY_AFTER_MS, undefined]) {
    try {
      return await send()
    } catch (error) {
      if (!(error instanceof Refusal) || !error.passes || delay === undefined) return undefined
      await wait(delay)
    }
  }
}

/** @param {number} ms @returns {Promise<void>} */
const wait = (ms) => new Promise((done) => setTimeout(done, ms))

// What a tab remembers. It may refuse, if the reader forbids storage; nothing depends on it.

/** @param {() => Storage} storage @param {(storage: Storage) => unknown} use */
function tryStorage(storage, use) {
  try {
    return use(storage())
  } catch {
    return undefined
  }
}

/** Whether this tab knows that the article was counted, and may not be again yet. @param {string} article */
function isKnownRepeat(article) {
  const windowEnds = tryStorage(() => sessionStorage, (storage) => storage.getItem(READ + article))
  return Date.now() < Number(windowEnds ?? 0)
}

/**
 * Remembers an article until the tab is closed, or its reader signs out: what somebody has read is no business of whoever uses the browser
 * later.
 *
 * @param {string} article @param {number} windowEnds
 */
function remember(article, windowEnds) {
  tryStorage(() => sessionStorage, (storage) => storage.setItem(READ + article, String(windowEnds)))
}

/**
 * Lets all tabs of this browser forget as soon as somebody signs out in one of them: not every browser heeds the server's `Clear-Site-Data`
 * for what a tab remembers.
 */
function forgetAtSignOut() {
  const forget = () => tryStorage(() => sessionStorage, (storage) => storage.clear())
  window.addEventListener('submit', ({ target }) => {
    if (!(target instanceof Element) || target.getAttribute('action') !== '/logout') return
    forget()
    // The others hear of what changes here, and nothing of it is left.
    tryStorage(() => localStorage, (storage) => {
      storage.setItem(SIGNED_OUT, '')
      storage.removeItem(SIGNED_OUT)
    })
  })
  window.addEventListener('storage', ({ key }) => {
    if (key === SIGNED_OUT) forget()
  })
}

// The count

/**
 * Whether somebody can see the page. A page in a background tab is hidden. A prerendered one is hidden too, but on its way to the screen it
 * becomes visible a moment before it stops prerendering, and a request that it sends in that moment is still marked as speculative.
 */
const isVisible = () => document.visibilityState === 'visible' && !document.prerendering

/** Calls `act` as soon as somebody can see the page: now, or when the page is first shown, or never. @param {() => void} act */
function whenVisible(act) {
  if (isVisible()) {
    act()
    return
  }
  const listening = new AbortController()
  const look = () => {
    if (!isVisible()) return
    listening.abort()
    act()
  }
  for (const event of ['visibilitychange', 'prerenderingchange']) {
    document.addEventListener(event, look, { signal: listening.signal })
  }
}

/**
 * Shows this reader's own view at once, tells the server, and settles on its answer (rule C6).
 *
 * Each time the page comes back from the browser's back/forward cache, where it was frozen with its scripts, it is read again.
 *
 * @param {HTMLElement} counter
 */
function count(counter) {
  const { article = '', shown, windowMs, wouldCount } = counter.dataset
  // What the page was made with; the rankings on it are as old.
  const views = Number(shown)
  let current = views
  let isReading = false
  // What the page knows by itself, where the tab may remember nothing.
  let windowEnds = 0
  /** @param {number} number */
  const show = (number) => {
    // What the server wrote stands until it is another number.
    if (number !== current) counter.textContent = formatViews(number)
    current = number
  }
  const read = async () => {
    // Frozen while it was under way, it goes on.
    if (isReading) return
    isReading = true
    const before = current
    const isRepeat = Date.now() < windowEnds || isKnownRepeat(article)
    // Whoever would not be counted sees no +1 that would be taken back.
    if (!isRepeat && wouldCount === 'true') show(before + 1)
    const outcome = await persist(() => ask('record-view', { article }, 'views'), wait)
    isReading = false
    show(outcome?.views ?? before)
    if (!outcome) return
    raiseRankings(article, outcome.views - views)
    if (isRepeat) return
    windowEnds = Date.now() + Number(windowMs)
    remember(article, windowEnds)
  }
  whenVisible(read)
  window.addEventListener('pageshow', ({ persisted }) => {
    if (persisted) read()
  })
}

/**
 * Lets the rankings on the page follow: what came to the article since the page was made came to each of them.
 *
 * @param {string} article @param {number} more
 */
function raiseRankings(article, more) {
  for (const element of document.querySelectorAll(`[data-views-of="${article}"]`)) {
    element.textContent = formatViews(Number(element.dataset.views) + more)
  }
}

// Like, collect and follow

/**
 * Lets a button answer at once, and sends the change. What the server answers then stands.
 *
 * There is one request at a time: whoever clicks while one is under way changes what is wanted, and the last wish is sent afterwards, if it
 * is not what the server has by then. A failure takes the change back and says so.
 *
 * @param {HTMLFormElement} form
 */
function react(form) {
  const { reaction = '', subject = '' } = form.dataset
  const field = form.elements.namedItem(reaction)
  const button = form.querySelector('button')
  const number = form.querySelector('[data-count]')
  const status = form.querySelector('[role="status"]')
  const isFollow = reaction === 'follow'
  // What the server is known to have, and what the reader wants.
  let known = { is_on: button.ariaPressed === 'true', count: Number(number?.dataset.count ?? 0) }
  let wanted = known.is_on
  let isSending = false
  const show = () => {
    field.value = String(!wanted)
    button.ariaPressed = String(wanted)
    const count = known.count + Number(wanted) - Number(known.is_on)
    if (number) number.textContent = isFollow ? formatFollowers(count) : formatCount(count)
  }
  const send = async () => {
    do {
      const wish = { [isFollow ? 'username' : 'article']: subject, [reaction]: wanted }
      known = await ask(`set-${reaction}`, wish, 'is_on')
      show()
    } while (wanted !== known.is_on)
  }
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    status.textContent = ''
    wanted = !wanted
    show()
    if (isSending) return
    isSending = true
    try {
      await send()
    } catch (error) {
      wanted = known.is_on
      status.textContent = `That was not saved. ${error.message}`
      show()
    }
    isSending = false
  })
}

// Light or dark

/** Lets the button change the theme, and shows it: without this it could do nothing. @param {HTMLButtonElement} button */
function offerColours(button) {
  const root = document.documentElement
  const prefersDark = window.matchMedia('(prefers-color-scheme: dark)').matches
  const isChosen = ['light', 'dark'].includes(root.dataset.theme ?? '')
  let isDark = isChosen ? root.dataset.theme === 'dark' : prefersDark
  const show = () => {
    const label = isDark ? 'Switch to light colours' : 'Switch to dark colours'
    button.ariaLabel = label
    button.title = label
  }
  button.addEventListener('click', () => {
    isDark = !isDark
    const theme = isDark ? 'dark' : 'light'
    root.dataset.theme = theme
    // The server sends the next page in the right colours at once.
    const secure = window.location.protocol === 'https:' ? '; Secure' : ''
    document.cookie = `theme=${theme}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`
    show()
  })
  show()
  button.hidden = false
}

/** Starts all of it. The theme's button is the last: when it is there, everything is. */
function start() {
  forgetAtSignOut()
  document.querySelectorAll('[data-article]').forEach(count)
  document.querySelectorAll('form[data-reaction]').forEach(react)
  document.querySelectorAll('[data-colour-switch]').forEach(offerColours)
}

// Its test imports it where there is no page.
if (typeof document !== 'undefined') start()
