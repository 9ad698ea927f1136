// Starts Tidemark and the proxies in front of it, for tests.

import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export const ROOT = join(fileURLToPath(import.meta.url), '../../..')
export const BINARY = process.env.TIDEMARK_BINARY ?? join(ROOT, 'target/release/tidemark')

// Debian keeps servers where only root looks for them.
process.env.PATH = `${process.env.PATH}:/usr/sbin`

/** Whether a program is installed. */
export const has = (program) => process.env.PATH.split(':').some((folder) => existsSync(join(folder, program)))

/**
 * A port that was free a moment ago. It is below those that Linux gives to outgoing connections, one
 * of which could take it before the server does.
 */
export async function freePort() {
  for (;;) {
    const port = 12_000 + Math.floor(Math.random() * 20_000)
    const server = createServer()
    const isFree = await new Promise((answer) => {
      server.once('error', () => answer(false)).listen(port, '127.0.0.1', () => answer(true))
    })
    if (!isFree) continue
    await new Promise((done) => server.close(done))
    return port
  }
}

/** A folder that is deleted after the test. */
export function folderFor(context) {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Ends a process after the test. */
export function endAfter(context, child) {
  context.after(async () => {
    if (child.exitCode !== null) return
    const ended = new Promise((done) => child.once('exit', done))
    child.kill('SIGTERM')
    await ended
  })
}

/** Starts Tidemark with sample articles. Returns its port. */
export async function startTidemark(context, settings) {
  const folder = folderFor(context)
  const env = {
    DATABASE_URL: `sqlite:${join(folder, 'blog.db')}`,
    LEPTOS_SITE_ADDR: '127.0.0.1:0',
    LEPTOS_SITE_ROOT: process.env.LEPTOS_SITE_ROOT ?? join(ROOT, 'target/site'),
    TIDEMARK_PICTURES__URL: `file:${join(folder, 'pictures')}`,
    RUST_LOG: 'warn',
    ...settings,
  }
  spawnSync(BINARY, ['seed'], { env, cwd: folder })
  spawnSync(BINARY, ['user', 'add', 'ann', '--role', 'author'], { env, cwd: folder })
  const told = spawnSync(BINARY, ['user', 'passwd', 'ann'], { env, cwd: folder, encoding: 'utf8' }).stdout
  const child = spawn(BINARY, ['serve'], { env, cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
  endAfter(context, child)
  const port = await new Promise((found, failed) => {
    child.once('exit', (status) => failed(new Error(`Tidemark ended with status ${status}`)))
    createInterface({ input: child.stdout }).on('line', (line) => {
      const address = line.match(/http:\/\/127\.0\.0\.1:(\d+)/)
      if (address) found(Number(address[1]))
    })
  })
  child.removeAllListeners('exit')
  return { port, password: told.trim().split('\n').at(-1).trim() }
}
