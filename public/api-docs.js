/**
 * Sends the forms of /docs/api and shows each response below its form. Without this script, a GET
 * form redirects to the response.
 */

/** The response headers to show. */
const HEADERS = ['content-type', 'cache-control', 'etag', 'allow', 'retry-after']

/** The URL for a form's fields. Empty fields are left out. @param {HTMLFormElement} form */
function address(form) {
  const parameters = new URLSearchParams()
  let path = form.dataset.path
  for (const [name, value] of new FormData(form)) {
    const place = `{${name}}`
    if (path.includes(place)) path = path.replace(place, () => encodeURIComponent(value))
    else if (value !== '') parameters.append(name, value)
  }
  // Not `parameters.size`, which Safari 16 doesn't have.
  const query = parameters.toString()
  return query === '' ? path : `${path}?${query}`
}

/** Pretty-prints JSON; any other text stays as it is. @param {string} text */
function readable(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}

/** @param {HTMLElement} place @param {string} summary @param {string} text */
function show(place, summary, text) {
  const line = document.createElement('p')
  line.textContent = summary
  const box = document.createElement('pre')
  box.className = 'api-text'
  // Focusable, so that it can be scrolled with the keyboard.
  box.tabIndex = 0
  box.textContent = text
  place.replaceChildren(line, box)
}

/** @param {HTMLFormElement} form */
async function send(form) {
  const place = form.parentElement.querySelector('.api-answer')
  const request = `${form.dataset.method} ${address(form)}`
  try {
    const response = await fetch(address(form), { method: form.dataset.method })
    const { headers, status, statusText } = response
    const shown = HEADERS.filter((name) => headers.has(name))
    const head = shown.map((name) => `${name}: ${headers.get(name)}`)
    const text = readable(await response.text())
    show(place, `${request}: ${status} ${statusText}`, [...head, '', text].join('\n'))
  } catch {
    show(place, `${request}: no answer`, 'The server can’t be reached.')
  }
}

for (const form of document.querySelectorAll('.api-request form')) {
  form.hidden = false
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void send(form)
  })
}
