// Tests the examples for nginx and Caddy with the real programs in front of Tidemark, over TLS and
// HTTP/2. Readers have addresses of their own on the loopback: 127.0.0.2, 127.0.0.3 and so on.

import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import http2 from 'node:http2'
import net from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, test } from 'node:test'
import tls from 'node:tls'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { ROOT, endAfter, folderFor, freePort, has, startTidemark } from './server.mjs'

const HOST = 'blog.example'
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:139.0) Gecko/20100101 Firefox/139.0'
const SETTINGS = { TIDEMARK_SITE__BASE_URL: `https://${HOST}`, TIDEMARK_SERVER__TRUSTED_PROXIES: '127.0.0.1' }
const VIEW = { ':method': 'PUT', ':path': '/api/v1/articles/1/view', 'user-agent': FIREFOX }

/** A key and a certificate that nobody has signed. */
function certificate(folder) {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', `/CN=${HOST}`, '-keyout', key, '-out', cert]
  const { status, stderr } = spawnSync('openssl', args, { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  return { key, cert }
}

/** Replaces a part of an example that must be there. */
function replace(text, part, by) {
  assert.ok(text.includes(part), `the example has no ${part}`)
  return text.replaceAll(part, by)
}

async function connects(port) {
  for (const start = Date.now(); Date.now() < start + 60_000; ) {
    const done = await new Promise((answer) => {
      const socket = net.connect(port, '127.0.0.1', () => answer(true)).on('error', () => answer(false))
      socket.on('connect', () => socket.end())
    })
    if (done) return
    await new Promise((next) => setTimeout(next, 50))
  }
  assert.fail(`nobody listens on port ${port}`)
}

async function start(context, program, args, ports) {
  let told = ''
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  child.stderr.on('data', (data) => (told += data))
  endAfter(context, child)
  try {
    for (const port of ports) await connects(port)
  } catch (error) {
    throw new Error(`${error.message}: ${told}`)
  }
}

/** The example for nginx, with other ports and a certificate, inside the least of a main file. */
async function nginx(context, upstream) {
  const folder = folderFor(context)
  const [plain, secure] = [await freePort(), await freePort()]
  const { key, cert } = certificate(folder)
  let site = readFileSync(join(ROOT, 'deploy/nginx/tidemark.conf'), 'utf8')
  site = site.replace(/^ *listen \[::\].*\n/gm, '')
  site = replace(site, 'listen 80;', `listen 127.0.0.1:${plain};`)
  site = replace(site, 'listen 443 ', `listen 127.0.0.1:${secure} `)
  site = replace(site, '/etc/letsencrypt/live/blog.example/fullchain.pem', cert)
  site = replace(site, '/etc/letsencrypt/live/blog.example/privkey.pem', key)
  site = replace(site, 'server 127.0.0.1:3000;', `server 127.0.0.1:${upstream};`)
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`)
  // Its workers write into the folder, which is this user's.
  const user = process.getuid() === 0 ? 'user root;' : ''
  const main = `${user} daemon off; pid ${folder}/pid; error_log stderr warn; worker_processes 1;
    events { worker_connections 256; }
    http { access_log off; ${paths.join(' ')} ${site} }`
  const file = join(folder, 'nginx.conf')
  writeFileSync(file, main)
  await start(context, 'nginx', ['-e', 'stderr', '-p', folder, '-c', file], [plain, secure])
  return { plain, secure }
}

/** The example for Caddy, with other ports and a certificate. */
async function caddy(context, upstream) {
  const folder = folderFor(context)
  const [plain, secure] = [await freePort(), await freePort()]
  const { key, cert } = certificate(folder)
  let site = readFileSync(join(ROOT, 'deploy/caddy/Caddyfile'), 'utf8')
  site = replace(site, `${HOST} {`, `${HOST} {\n\ttls ${cert} ${key}\n\tbind 127.0.0.1`)
  site = replace(site, 'reverse_proxy 127.0.0.1:3000', `reverse_proxy 127.0.0.1:${upstream}`)
  const file = join(folder, 'Caddyfile')
  writeFileSync(file, `{\n\tadmin off\n\thttp_port ${plain}\n\thttps_port ${secure}\n\tstorage file_system ${folder}\n}\n${site}`)
  await start(context, 'caddy', ['run', '--config', file, '--adapter', 'caddyfile'], [secure])
  return { plain, secure }
}

/** Starts a server in Tidemark's place. Returns its port. */
async function standIn(context, handler) {
  const server = http.createServer(handler)
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  context.after(() => (server.closeAllConnections(), server.close()))
  return server.address().port
}

/** Sends requests over HTTP/2 from one address. */
function reader(context, port, address) {
  const socket = tls.connect({
    host: '127.0.0.1', port, localAddress: address, servername: HOST, ALPNProtocols: ['h2'], rejectUnauthorized: false,
  })
  const session = http2.connect(`https://${HOST}`, { createConnection: () => socket })
  context.after(() => session.destroy())
  const open = (headers, body) => {
    const stream = session.request({ ':authority': HOST, ':method': 'GET', ...headers }, { endStream: body === undefined })
    if (body !== undefined) stream.end(body)
    return new Promise((answer, failed) => {
      stream.on('error', failed).on('response', (got) => answer([got, stream]))
    })
  }
  const ask = async (headers, body) => {
    const [got, stream] = await open(headers, body)
    const parts = []
    for await (const part of stream) parts.push(part)
    return { status: got[':status'], headers: got, body: Buffer.concat(parts) }
  }
  return { open, ask, protocol: () => socket.alpnProtocol }
}

const text = (answer) => answer.body.toString()

/** How many of these views count. */
async function count(views) {
  let counted = 0
  for (const [from, headers] of views) {
    const answer = await from.ask({ ...VIEW, ...headers })
    assert.equal(answer.status, 200, text(answer))
    if (JSON.parse(text(answer)).counted) counted += 1
  }
  return counted
}

for (const [program, proxy] of [['nginx', nginx], ['caddy', caddy]]) {
  const missing = [program, 'openssl'].filter((needed) => !has(needed))
  describe(program, { skip: missing.length > 0 && `${missing} is missing` }, () => {
    const readers = (context, port, number) =>
      Array.from({ length: number }, (_, index) => reader(context, port, `127.0.0.${index + 2}`))

    test('each reader counts under the own address', async (context) => {
      const { port } = await startTidemark(context, SETTINGS)
      const { secure } = await proxy(context, port)
      assert.equal(await count(readers(context, secure, 20).map((from) => [from, {}])), 20)
    })

    test('without trusted-proxies all readers have the address of the proxy, and five count', async (context) => {
      const { port } = await startTidemark(context, { ...SETTINGS, TIDEMARK_SERVER__TRUSTED_PROXIES: '' })
      const { secure } = await proxy(context, port)
      const views = readers(context, secure, 20).map((from, index) => [from, { 'user-agent': `${FIREFOX} ${index}` }])
      assert.equal(await count(views), 5)
    })

    test('a reader who claims other addresses stays one address', async (context) => {
      const { port } = await startTidemark(context, SETTINGS)
      const { secure } = await proxy(context, port)
      const from = reader(context, secure, '127.0.0.9')
      const views = Array.from({ length: 20 }, (_, index) => [from, {
        'user-agent': `${FIREFOX} ${index}`,
        'x-forwarded-for': `198.51.100.${index}`,
        'x-real-ip': `198.51.100.${index}`,
        forwarded: `for=198.51.100.${index}`,
      }])
      assert.equal(await count(views), 5)
    })

    test('pages and files arrive over HTTP/2, compressed once', async (context) => {
      const { port } = await startTidemark(context, SETTINGS)
      const { secure } = await proxy(context, port)
      const from = reader(context, secure, '127.0.0.2')
      const plain = await from.ask({ ':path': '/' })
      assert.equal(from.protocol(), 'h2')
      assert.equal(plain.headers['content-encoding'], undefined)
      const page = await from.ask({ ':path': '/', 'accept-encoding': 'gzip' })
      assert.equal(page.headers['content-encoding'], 'gzip')
      assert.match(gunzipSync(page.body).toString(), /^<!DOCTYPE html>/)
      const [style] = text(plain).match(/\/pkg\/tidemark\.[0-9a-f]{16}\.css/)
      const file = await from.ask({ ':path': style, 'accept-encoding': 'gzip, deflate, br, zstd' })
      assert.deepEqual([file.headers['content-encoding'], file.headers['cache-control']], ['br', 'public, max-age=31536000, immutable'])
      assert.equal(file.headers['content-length'], `${file.body.length}`)
      assert.ok(brotliDecompressSync(file.body).length > file.body.length)
      const again = await from.ask({ ':path': style, 'if-modified-since': file.headers['last-modified'] })
      assert.equal(again.status, 304)
    })

    test('cookies travel over TLS only, and plain HTTP leads to TLS', async (context) => {
      const { port, password } = await startTidemark(context, SETTINGS)
      const { plain, secure } = await proxy(context, port)
      const from = reader(context, secure, '127.0.0.2')
      const form = { ':method': 'POST', ':path': '/login', 'content-type': 'application/x-www-form-urlencoded', origin: `https://${HOST}` }
      const answer = await from.ask(form, new URLSearchParams({ username: 'ann', password }).toString())
      assert.equal(answer.status, 303, text(answer))
      const cookies = answer.headers['set-cookie']
      assert.ok(cookies.length > 0)
      for (const cookie of cookies) assert.match(cookie, /; Secure/, cookie)
      const redirect = await new Promise((got, failed) => {
        http.get({ host: '127.0.0.1', port: plain, path: '/search?q=sea', headers: { host: HOST } }, got).on('error', failed)
      })
      redirect.resume()
      assert.ok([301, 308].includes(redirect.statusCode), `${redirect.statusCode}`)
      assert.match(redirect.headers.location, /^https:\/\/blog\.example(:\d+)?\/search\?q=sea$/)
    })

    test('uploads may be as large as Tidemark takes them', async (context) => {
      const upstream = await standIn(context, (request, response) => {
        let size = 0
        request.on('data', (part) => (size += part.length)).on('end', () => response.end(`${size}`))
      })
      const { secure } = await proxy(context, upstream)
      for (const [path, size] of [
        ['/studio/pictures', 10 * 1024 * 1024 + 16 * 1024],
        // More than any other form may have.
        ['/settings/import', 24 * 1024 * 1024],
      ]) {
        const form = { ':method': 'POST', ':path': path, 'content-type': 'multipart/form-data' }
        const upload = await reader(context, secure, '127.0.0.2').ask(form, Buffer.alloc(size))
        assert.deepEqual([upload.status, text(upload)], [200, `${size}`], path)
      }
    })

    test('metrics are for this machine', async (context) => {
      const { port } = await startTidemark(context, SETTINGS)
      const { secure } = await proxy(context, port)
      const ask = (address) => reader(context, secure, address).ask({ ':path': '/metrics' })
      assert.match(text(await ask('127.0.0.1')), /^# HELP tidemark_/m)
      assert.equal((await ask('127.0.0.2')).status, 403)
    })

    test('a view reaches an open page at once, through the proxy', { timeout: 300_000 }, async (context) => {
      const { port } = await startTidemark(context, SETTINGS)
      const { secure } = await proxy(context, port)
      const [, stream] = await reader(context, secure, '127.0.0.7').open({ ':path': '/api/counts/stream?articles=1' })
      // Each read waits for an event. A proxy that keeps events until it has more of them hangs here.
      const events = createInterface({ input: stream })[Symbol.asyncIterator]()
      const views = async () => {
        for (;;) {
          const { value, done } = await events.next()
          assert.ok(!done, 'the stream ended')
          const data = value.match(/^data: ?(.*)/)
          if (data) return JSON.parse(data[1])
        }
      }
      const before = await views()
      assert.equal(await count([[reader(context, secure, '127.0.0.8'), {}]]), 1)
      assert.deepEqual(await views(), { ...before, 1: before[1] + 1 })
    })

    test('what the proxy says of a client is what it knows itself', async (context) => {
      let heard
      const upstream = await standIn(context, (request, response) => {
        heard = request.headers
        response.end()
      })
      const { secure } = await proxy(context, upstream)
      const from = reader(context, secure, '127.0.0.7')
      await from.ask({ ':path': '/', 'x-forwarded-for': '198.51.100.1', 'x-forwarded-proto': 'http' })
      assert.deepEqual(
        [heard.host, heard['x-forwarded-for'], heard['x-forwarded-proto']],
        [HOST, '127.0.0.7', 'https'],
      )
    })
  })
}
