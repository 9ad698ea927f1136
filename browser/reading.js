/**
 * The script of every page, and the only one on pages for readers. It records the view, switches
 * the theme, makes reaction buttons respond at once, suggests titles in the search field, and
 * clears the tab's storage at sign-out. Without it, every page reads the same and its forms still work.
 *
 * The page passes its data in attributes that start with `data-`. The sanitiser removes such
 * attributes from authors' texts.
 */

/**
 * The delays before each retry when a view can't be recorded, in milliseconds. Retrying is safe
 * (rule C2).
 */
const RETRY_AFTER_MS = [1_000, 2_000, 4_000, 8_000]

/** The prefix of the session storage keys. Each entry holds when an article may count again. */
const READ = 'tidemark.read.'

/** The local storage key that tells other tabs about a sign-out. */
const SIGNED_OUT = 'tidemark.signed-out'

/** The messages of errors that are sent by name alone. They must match `src/error.rs`. */
const WORDS = {
  Unauthorized: 'Please sign in first.',
  TooLarge: "The request's body is too large.",
  Unavailable: "This can't be done right now. Please try again in a moment.",
  Internal: 'Something went wrong on our side.',
}

// Texts in the language of the page, and numbers. They must match `src/text.rs`.

/**
 * The texts of `locales/` by name, if the page is not in English. Only the head is searched: an
 * element of an author's text could have the same id, and what is no JSON would stop this script.
 */
const TEXTS = JSON.parse(globalThis.document?.head.querySelector('#site-texts')?.textContent ?? '{}')

/** The text with this name. @param {string} name @param {string} english */
function text(name, english) {
  return TEXTS[name] ?? english
}

/** Formats a count with a comma every three digits: `1,234,567`. @param {number} count */
export function formatCount(count, separator = text('separator', ',')) {
  return String(count).replace(/\B(?=(\d{3})+$)/g, separator)
}

/**
 * A count with its noun in the plural form that the language asks for.
 *
 * @param {number} count @param {Record<string, string> | undefined} forms with `#` for the number
 * @param {string} noun in English
 */
export function formatNoun(count, forms, noun, language = globalThis.document?.documentElement.lang, separator = undefined) {
  const number = formatCount(count, separator)
  if (!forms) return `${number} ${noun}${count === 1 ? '' : 's'}`
  const form = new Intl.PluralRules(language).select(count)
  return (forms[form] ?? Object.values(forms).at(-1)).replace('#', number)
}

/** `1 view`, `2 views`. @param {number} count */
export function formatViews(count) {
  return formatNoun(count, TEXTS.views, 'view')
}

/** `1 follower`, `2 followers`. @param {number} count */
export function formatFollowers(count) {
  return formatNoun(count, TEXTS.followers, 'follower')
}

// Requests to the server

/** What to say about an error that is sent by name alone. @param {string} name */
function wordsOf(name) {
  const known = Object.hasOwn(WORDS, name) ? name : 'Unavailable'
  return text(`error-${known.replace(/\B[A-Z]/g, '-$&').toLowerCase()}`, WORDS[known])
}

/** A failed request, with a message for the reader. */
export class Refusal extends Error {
  /**
   * @param {string} name the error's name in `src/error.rs`
   * @param {string} [words] the message, if the server sent one
   */
  constructor(name, words = wordsOf(name)) {
    super(words)
    /** Whether a retry may succeed. */
    this.passes = name === 'Unavailable' || name === 'Internal'
  }
}

/**
 * Converts the body of an error response: an error's name, or its name and message. Any other body
 * isn't ours, such as a proxy's while the server restarts, and counts as `Unavailable`.
 *
 * @param {unknown} error the response's body, parsed from JSON
 */
export function refusal(error) {
  if (typeof error === 'string' && Object.hasOwn(WORDS, error)) return new Refusal(error)
  const [name, words] = Object.entries(error ?? {})[0] ?? []
  const isKnown = ['NotFound', 'BadRequest', 'Forbidden'].includes(name) && typeof words === 'string'
  return isKnown ? new Refusal(name, words) : new Refusal('Unavailable')
}

/**
 * Calls a server function in `src/api/` and returns its result.
 *
 * @param {string} name the last part of the function's path
 * @param {Record<string, unknown>} parameters its arguments
 * @param {string} member a property that every valid result has
 * @throws {Refusal} if the request failed
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
    // There was no response, or it wasn't JSON and so isn't ours.
    throw new Refusal('Unavailable')
  }
  if (!response.ok) throw refusal(answer)
  if (!Object.hasOwn(answer ?? {}, member)) throw new Refusal('Unavailable')
  return answer
}

/**
 * Retries until `send` succeeds, fails for good, or runs out of attempts.
 *
 * @template T
 * @param {() => Promise<T>} send
 * @param {(ms: number) => Promise<void>} wait
 * @returns {Promise<T | undefined>} the result, or `undefined` after a failure
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

// Storage. Access may throw if the reader has disabled storage, and nothing depends on it.

/** @param {() => Storage} storage @param {(storage: Storage) => unknown} use */
function tryStorage(storage, use) {
  try {
    return use(storage())
  } catch {
    return undefined
  }
}

/**
 * Whether this tab knows that the article was counted and its window has not ended yet.
 *
 * @param {string} article
 */
function isKnownRepeat(article) {
  const windowEnds = tryStorage(() => sessionStorage, (storage) => storage.getItem(READ + article))
  return Date.now() < Number(windowEnds ?? 0)
}

/**
 * Stores when the article may count again. The entry is kept until the tab is closed or the reader
 * signs out, so that a later user of the browser can't see what was read.
 *
 * @param {string} article @param {number} windowEnds
 */
function remember(article, windowEnds) {
  tryStorage(() => sessionStorage, (storage) => storage.setItem(READ + article, String(windowEnds)))
}

/**
 * Clears the session storage of all tabs when somebody signs out in one of them. The server sends
 * `Clear-Site-Data`, but not every browser applies it to session storage.
 */
function forgetAtSignOut() {
  const forget = () => tryStorage(() => sessionStorage, (storage) => storage.clear())
  window.addEventListener('submit', ({ target }) => {
    if (!(target instanceof Element) || target.getAttribute('action') !== '/logout') return
    forget()
    // Any change fires a `storage` event in the other tabs; the entry itself isn't needed.
    tryStorage(() => localStorage, (storage) => {
      storage.setItem(SIGNED_OUT, '')
      storage.removeItem(SIGNED_OUT)
    })
  })
  window.addEventListener('storage', ({ key }) => {
    if (key === SIGNED_OUT) forget()
  })
}

// Counting

/**
 * Whether the page is visible. A background tab is hidden. A prerendered page is hidden too, but it
 * becomes visible a moment before it stops prerendering, and requests sent in that moment are still
 * marked as speculative.
 */
const isVisible = () => document.visibilityState === 'visible' && !document.prerendering

/** Calls `act` as soon as the page is visible: now, later or never. @param {() => void} act */
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
 * The highest known count of each article. A count never falls (rule C6).
 *
 * @param {(article: string, views: number, more: number) => void} show called when a count rises,
 *   with the count and by how much it is above the first
 */
export function highest(show) {
  const known = new Map()
  return {
    /** @param {string} article @param {number} first the count if none is known yet */
    of(article, first) {
      if (!known.has(article)) {
        const listeners = [() => show(article, count.views, count.views - first)]
        const count = {
          views: first,
          listen: (/** @type {() => void} */ act) => listeners.push(act),
          raise(/** @type {number} */ views) {
            if (views < count.views) return
            count.views = views
            listeners.forEach((act) => act())
          },
        }
        known.set(article, count)
      }
      return known.get(article)
    },
  }
}

const counts = highest((article, views, more) => showViews(article, views, more))

/**
 * Adds this reader's view to the count at once, records it, and then shows the server's count (rule
 * C6).
 *
 * Records another view each time the page returns from the back/forward cache, where it was frozen
 * with its scripts.
 *
 * @param {HTMLElement} counter
 */
function count(counter) {
  const { article = '', shown, windowMs, wouldCount } = counter.dataset
  // The count that the page was rendered with. The rankings on the page are from the same time.
  const views = Number(shown)
  let current = views
  let isReading = false
  // Kept here too, in case session storage is disabled.
  let windowEnds = 0
  /** @param {number} number */
  const show = (number) => {
    // Leave the server's text alone until the number changes.
    if (number !== current) counter.textContent = formatViews(number)
    current = number
  }
  const known = counts.of(article, views)
  known.listen(() => show(Math.max(current, known.views)))
  const read = async () => {
    // A request that was frozen with the page continues by itself.
    if (isReading) return
    isReading = true
    const isRepeat = Date.now() < windowEnds || isKnownRepeat(article)
    // If the view won't count, show no +1, because it would have to be taken back.
    if (!isRepeat && wouldCount === 'true') show(known.views + 1)
    const outcome = await persist(() => ask('record-view', { article }, 'views'), wait)
    isReading = false
    if (outcome) known.raise(outcome.views)
    // Without an answer, the optimistic +1 is taken back.
    show(known.views)
    if (!outcome) return
    if (isRepeat) return
    windowEnds = Date.now() + Number(windowMs)
    remember(article, windowEnds)
  }
  whenVisible(read)
  window.addEventListener('pageshow', ({ persisted }) => {
    if (persisted) read()
  })
}

/** The elements that show an article's views, other than its own counter. @param {string} article */
function showViews(article, views, more) {
  for (const element of document.querySelectorAll(`[data-views-of="${article}"]`)) {
    element.textContent = formatViews(Number(element.dataset.views) + more)
  }
  for (const element of document.querySelectorAll(`[data-total-of="${article}"]`)) {
    // The page may be newer than the count.
    const shown = Number(element.textContent.replace(/\D/g, ''))
    if (views > shown) element.textContent = formatViews(views)
  }
}

// Live counts

/** The server takes at most this many articles per stream. */
const MOST_ARTICLES = 100

/** After this many failures in a row, the page keeps the counts it has. */
const MOST_FAILURES = 3

/**
 * Shows the counts of all articles on the page as they rise. The stream is closed while the page is
 * hidden: a browser may open only six connections to a site, and others may need them.
 */
function follow() {
  const elements = [...document.querySelectorAll('[data-article], [data-views-of], [data-total-of]')]
  const ids = elements.map(({ dataset }) => dataset.article ?? dataset.viewsOf ?? dataset.totalOf)
  const articles = [...new Set(ids)].slice(0, MOST_ARTICLES)
  if (articles.length === 0 || typeof EventSource === 'undefined') return
  let source
  let failures = 0
  const openOrClose = () => {
    if (!isVisible()) {
      source?.close()
      source = undefined
    } else if (!source && failures < MOST_FAILURES) {
      source = new EventSource(`/api/counts/stream?articles=${articles.join()}`)
      source.onmessage = ({ data }) => {
        failures = 0
        for (const [article, views] of Object.entries(JSON.parse(data))) counts.of(article, views).raise(views)
      }
      source.onerror = () => {
        failures += 1
        if (failures >= MOST_FAILURES) source?.close()
      }
    }
  }
  for (const event of ['visibilitychange', 'prerenderingchange']) document.addEventListener(event, openOrClose)
  openOrClose()
}

// Like, collect and follow

/**
 * Shows a button's new state at once and sends the change. The server's answer then replaces it.
 * All buttons on the page for the same reaction show the same state.
 *
 * Sends one request at a time. Clicks during a request only change the wanted state, which is sent
 * afterwards if it differs from the server's. After a failure, the button returns to the last known
 * state and shows the error.
 *
 * @param {HTMLFormElement[]} forms the forms of the same reaction
 */
function react(forms) {
  const [form] = forms
  const { reaction = '', subject = '' } = form.dataset
  const isFollow = reaction === 'follow'
  // `known` is the server's state as of its last answer; `wanted` is the reader's.
  let known = {
    is_on: form.querySelector('button').ariaPressed === 'true',
    count: Number(form.querySelector('[data-count]')?.dataset.count ?? 0),
  }
  let wanted = known.is_on
  let isSending = false
  const show = () => {
    const count = known.count + Number(wanted) - Number(known.is_on)
    for (const form of forms) {
      form.elements.namedItem(reaction).value = String(!wanted)
      form.querySelector('button').ariaPressed = String(wanted)
      const number = form.querySelector('[data-count]')
      if (number) number.textContent = isFollow ? formatFollowers(count) : formatCount(count)
    }
  }
  const send = async () => {
    do {
      const wish = { [isFollow ? 'username' : 'article']: subject, [reaction]: wanted }
      known = await ask(`set-${reaction}`, wish, 'is_on')
      show()
    } while (wanted !== known.is_on)
  }
  const submit = async (event) => {
    event.preventDefault()
    const status = event.currentTarget.querySelector('[role="status"]')
    for (const form of forms) form.querySelector('[role="status"]').textContent = ''
    wanted = !wanted
    show()
    if (isSending) return
    isSending = true
    try {
      await send()
    } catch (error) {
      wanted = known.is_on
      status.textContent = `${text('not-saved', 'That was not saved.')} ${error.message}`
      show()
    }
    isSending = false
  }
  for (const form of forms) form.addEventListener('submit', submit)
}

/** Starts the buttons of all reactions on the page. */
function reactions() {
  const groups = new Map()
  for (const form of document.querySelectorAll('form[data-reaction]')) {
    const name = `${form.dataset.reaction} ${form.dataset.subject}`
    groups.set(name, [...(groups.get(name) ?? []), form])
  }
  groups.forEach(react)
}

// Theme

/**
 * Makes the theme button work and shows it. It is hidden until then.
 *
 * @param {HTMLButtonElement} button
 */
function offerColours(button) {
  const root = document.documentElement
  const prefersDark = window.matchMedia('(prefers-color-scheme: dark)').matches
  const isChosen = ['light', 'dark'].includes(root.dataset.theme ?? '')
  let isDark = isChosen ? root.dataset.theme === 'dark' : prefersDark
  const show = () => {
    const label = isDark
      ? text('switch-to-light', 'Switch to light colours')
      : text('switch-to-dark', 'Switch to dark colours')
    button.ariaLabel = label
    button.title = label
  }
  button.addEventListener('click', () => {
    isDark = !isDark
    const theme = isDark ? 'dark' : 'light'
    root.dataset.theme = theme
    // The server reads this cookie to render the next page in the right colours.
    const secure = window.location.protocol === 'https:' ? '; Secure' : ''
    document.cookie = `theme=${theme}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`
    show()
  })
  show()
  button.hidden = false
}

// Search

/** How long to wait after a keystroke before asking for suggestions, in milliseconds. */
const TYPING_MS = 150

/** Whether a key pressed in this element is part of a text. @param {EventTarget | null} target */
function takesText(target) {
  const fields = 'input:not([type="checkbox"], [type="radio"]), textarea, select'
  return target instanceof HTMLElement && (target.isContentEditable || target.matches(fields))
}

/** The key of the local storage that says that `/` is off. */
const SLASH_OFF = 'slash-off'

/**
 * Makes `/` go to the search field: the page's own, or else the one of the search page. The search
 * page has a checkbox to switch that off, for people whose speech input types single letters
 * (https://www.w3.org/WAI/WCAG22/Understanding/character-key-shortcuts.html).
 */
function searchBySlash() {
  const isOn = () => tryStorage(() => localStorage, (storage) => storage.getItem(SLASH_OFF)) == null
  document.addEventListener('keydown', (event) => {
    const { key, ctrlKey, metaKey, altKey, target, defaultPrevented } = event
    if (key !== '/' || ctrlKey || metaKey || altKey || defaultPrevented || takesText(target) || !isOn()) return
    event.preventDefault()
    const field = document.querySelector('[data-search] [name="q"]')
    if (!field) return window.location.assign('/search#q')
    field.focus()
    field.select()
  })
  const choice = document.querySelector('[data-slash]')
  if (!choice) return
  const box = choice.querySelector('input')
  box.checked = isOn()
  box.addEventListener('change', () => {
    tryStorage(() => localStorage, (storage) => {
      if (box.checked) storage.removeItem(SLASH_OFF)
      else storage.setItem(SLASH_OFF, '')
    })
    box.checked = isOn()
  })
  choice.hidden = false
}

/**
 * Suggests titles while somebody types: an editable combobox with a list
 * (https://www.w3.org/WAI/ARIA/apg/patterns/combobox/). The form works without it, and Enter still
 * sends the form unless a title was chosen with the arrow keys.
 *
 * @param {HTMLFormElement} form
 */
function suggest(form) {
  const field = form.querySelector('[name="q"]')
  const list = document.createElement('ul')
  list.id = 'suggestions'
  list.className = 'suggestions'
  list.role = 'listbox'
  list.ariaLabel = text('suggestions', 'Articles')
  list.hidden = true
  const status = document.createElement('p')
  status.className = 'visually-hidden'
  status.role = 'status'
  field.after(list, status)
  field.role = 'combobox'
  field.ariaAutoComplete = 'list'
  field.ariaExpanded = 'false'
  field.setAttribute('aria-controls', list.id)
  field.autocomplete = 'off'
  let chosen = -1
  let typing
  let asking = new AbortController()
  const choose = (index) => {
    list.children[chosen]?.setAttribute('aria-selected', 'false')
    chosen = index
    const option = list.children[index]
    option?.setAttribute('aria-selected', 'true')
    option?.scrollIntoView({ block: 'nearest' })
    if (option) field.setAttribute('aria-activedescendant', option.id)
    else field.removeAttribute('aria-activedescendant')
  }
  const close = () => {
    clearTimeout(typing)
    asking.abort()
    choose(-1)
    list.hidden = true
    field.ariaExpanded = 'false'
    status.textContent = ''
  }
  const open = (/** @type {HTMLElement | undefined} */ option) => {
    if (option) window.location.assign(`/articles/${option.dataset.slug}`)
  }
  const show = (suggestions) => {
    choose(-1)
    list.replaceChildren(
      ...suggestions.map(({ title, slug }, index) => {
        const option = document.createElement('li')
        option.id = `suggestion-${index}`
        option.role = 'option'
        option.ariaSelected = 'false'
        option.textContent = title
        option.dataset.slug = slug
        return option
      }),
    )
    const count = suggestions.length
    list.hidden = count === 0
    field.ariaExpanded = String(count > 0)
    status.textContent = count === 0 ? '' : `${count} ${count === 1 ? 'article' : 'articles'}; choose with the arrow keys`
  }
  const ask = async () => {
    asking = new AbortController()
    const { signal } = asking
    try {
      const query = new URLSearchParams({ q: field.value })
      const response = await fetch(`/api/v1/search/suggest?${query}`, { signal })
      const { suggestions } = await response.json()
      if (!signal.aborted) show(suggestions ?? [])
    } catch {
      // The next keystroke asks again, and the form works without suggestions.
      if (!signal.aborted) close()
    }
  }
  field.addEventListener('input', () => {
    clearTimeout(typing)
    asking.abort()
    if (field.value.trim() === '') close()
    else typing = setTimeout(ask, TYPING_MS)
  })
  field.addEventListener('keydown', (event) => {
    // While a character is being composed, keys belong to the input method.
    if (list.hidden || event.isComposing) return
    const { length } = list.children
    const steps = { ArrowDown: 1, ArrowUp: -1 }
    if (event.key in steps) {
      // Beyond either end is the field itself, where nothing is chosen.
      choose(((chosen + 1 + steps[event.key] + length + 1) % (length + 1)) - 1)
    } else if (event.key === 'Enter' && chosen >= 0) {
      open(list.children[chosen])
    } else if (event.key === 'Escape') {
      close()
    } else {
      return
    }
    event.preventDefault()
  })
  field.addEventListener('blur', close)
  form.addEventListener('submit', close)
  // Keeps the focus in the field, so that the list is still there for the click.
  list.addEventListener('pointerdown', (event) => event.preventDefault())
  list.addEventListener('mousedown', (event) => event.preventDefault())
  list.addEventListener('click', ({ target }) => open(target.closest('li')))
  if (window.location.hash === '#q') field.focus()
}

// Sharing and copying

/** How long a button says that it has copied, in milliseconds. */
const COPIED_MS = 2_000

/**
 * Makes a button copy a text, and shows it.
 *
 * @param {HTMLButtonElement} button @param {() => string} content
 */
function offerCopy(button, content) {
  if (!navigator.clipboard) return
  const label = button.textContent
  button.addEventListener('click', async () => {
    let outcome = text('copied', 'Copied')
    try {
      await navigator.clipboard.writeText(content())
    } catch {
      outcome = text('copying-failed', 'Copying failed')
    }
    button.textContent = outcome
    setTimeout(() => (button.textContent = label), COPIED_MS)
  })
  button.ariaLive = 'polite'
  button.hidden = false
}

/** Lets the link open what the browser has for sharing. @param {HTMLAnchorElement} link */
function share(link) {
  const { share: url, title } = link.dataset
  if (!navigator.share) return
  link.textContent = text('share', 'Share')
  link.addEventListener('click', (event) => {
    event.preventDefault()
    // It also fails if the reader changes their mind.
    navigator.share({ title, url }).catch(() => {})
  })
}

/** Adds a button that copies a block of code, without its line numbers. @param {HTMLElement} frame */
function offerCode(frame) {
  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'code-copy'
  button.textContent = text('copy', 'Copy')
  button.hidden = true
  frame.prepend(button)
  offerCopy(button, () => {
    const code = frame.querySelector('code').cloneNode(true)
    code.querySelectorAll('.giallo-ln').forEach((number) => number.remove())
    return code.textContent
  })
}

/**
 * Keeps the table of contents open where the style sheet always shows it, beside the text on a wide
 * screen. Screen readers would say that it is folded.
 */
function unfold(contents) {
  const beside = matchMedia('(min-width: 80rem)')
  const wasOpen = contents.open
  contents.addEventListener('toggle', () => {
    if (beside.matches) contents.open = true
  })
  const follow = () => {
    contents.open = beside.matches || wasOpen
  }
  beside.addEventListener('change', follow)
  follow()
}

/**
 * Starts everything. Counting comes first, so that no fault in the rest can stop it. The theme
 * button comes last, so once it is visible, everything else is running.
 */
function start() {
  document.querySelectorAll('[data-article]').forEach(count)
  forgetAtSignOut()
  searchBySlash()
  document.querySelectorAll('[data-search]').forEach(suggest)
  follow()
  reactions()
  document.querySelectorAll('a[data-share]').forEach(share)
  document.querySelectorAll('button[data-copy]').forEach((button) => offerCopy(button, () => button.dataset.copy))
  document.querySelectorAll('.prose .code-frame').forEach(offerCode)
  document.querySelectorAll('.article > .contents > details').forEach(unfold)
  document.querySelectorAll('[data-colour-switch]').forEach(offerColours)
}

// Its unit tests import this file without a document.
if (typeof document !== 'undefined') start()
