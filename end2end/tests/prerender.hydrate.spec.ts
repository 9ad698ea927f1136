// Rule C4 and prerendering. Chromium doesn't prerender under remote control, so this test starts it
// without. A small proxy in front of the server adds a host page with speculation rules and logs
// the browser's requests.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo } from 'node:net'
import { type IncomingMessage, createServer, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import config, { READER } from '../playwright.config'
import { expect, test } from './server'

const ARTICLE = '/articles/kak-more-uchit-schitat'

// Prerenders the article. Once the article's script runs, and twenty requests later, it navigates
// to the article, which activates the prerendered page.
const HOST = `<!DOCTYPE html><title>host</title>
  <script type="speculationrules">
    {"prerender": [{"source": "list", "urls": ["${ARTICLE}"], "eagerness": "immediate"}]}
  </script>
  <script type="module">
    await fetch('/until-prerendered')
    for (let fence = 0; fence < 20; fence++) await fetch('/healthz')
    await fetch('/before-shown')
    location.href = '${ARTICLE}'
  </script>`

// Appended to the script. Reports when the script runs, which is when the theme button appears.
const TELL_TALE = `
  const told = setInterval(() => {
    if (!document.querySelector('.theme-toggle:not([hidden])')) return
    clearInterval(told)
    fetch('/alive')
  }, 20)`

test('C4: a prerendered page adds nothing until it is shown, and then one', async ({ server }) => {
  // Other tests on this server may have read the article too.
  const start = await server.views('kak-more-uchit-schitat')
  const log: string[] = []
  let alive = () => {}
  const prerendered = new Promise<void>((done) => (alive = done))
  let recorded = (_: string) => {}
  const answer = new Promise<string>((done) => (recorded = done))
  let before = -1

  const proxy = createServer(async (incoming: IncomingMessage, outgoing) => {
    const path = incoming.url ?? ''
    if (path === '/host') return outgoing.setHeader('content-type', 'text/html').end(HOST)
    if (path === '/until-prerendered') {
      await prerendered
      return outgoing.end()
    }
    if (path === '/alive') {
      alive()
      return outgoing.end()
    }
    if (path === '/before-shown') {
      before = await server.views('kak-more-uchit-schitat')
      log.push('shown')
      return outgoing.end()
    }
    if (path === ARTICLE) log.push(`article ${incoming.headers['sec-purpose'] ?? 'shown'}`)
    if (incoming.method === 'PUT') log.push('view')
    const headers = { ...incoming.headers, 'accept-encoding': 'identity' }
    const forwarded = request(server.url + path, { method: incoming.method, headers }, (response) => {
      const { 'content-length': _, ...kept } = response.headers
      outgoing.writeHead(response.statusCode ?? 500, kept)
      const chunks: Buffer[] = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('end', () => {
        outgoing.end(path.endsWith('.js') ? TELL_TALE : undefined)
        if (incoming.method === 'PUT') recorded(Buffer.concat(chunks).toString())
      })
      response.pipe(outgoing, { end: false })
    })
    incoming.pipe(forwarded)
  })
  await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done))

  const profile = mkdtempSync(join(tmpdir(), 'tidemark-chromium-'))
  const { executablePath, args } = config.projects![0].use!.launchOptions!
  const browser = spawn(
    executablePath!,
    [
      ...args!,
      '--headless=new',
      '--remote-debugging-port=0',
      `--user-data-dir=${profile}`,
      `--user-agent=${READER} Reader/host`,
      `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/host`,
    ],
    { stdio: 'ignore' },
  )
  try {
    const outcome = JSON.parse(await answer)
    expect(log[0]).toBe('article prefetch;prerender')
    expect(before).toBe(start)
    expect(outcome).toMatchObject({ counted: true, views: start + 1 })
    expect(log).toEqual(['article prefetch;prerender', 'shown', 'view'])
  } finally {
    const ended = new Promise((done) => browser.once('exit', done))
    browser.kill()
    await ended
    proxy.closeAllConnections()
    proxy.close()
    try {
      rmSync(profile, { recursive: true, force: true, maxRetries: 10 })
    } catch {
      // Chromium's child processes may outlive it and still write there. The folder is temporary,
      // and not what is tested.
    }
  }
})
