// Starts a blog with the sample articles in a temporary folder, and a browser to measure it with.

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { launch } from 'chrome-launcher'

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

/**
 * Starts the server and waits until it is ready. The base URL is set to the server's own address,
 * because canonical URLs would lead elsewhere otherwise.
 */
async function serve(binary, folder, address, settings) {
  const env = {
    DATABASE_URL: `sqlite:${join(folder, 'blog.db')}`,
    LEPTOS_SITE_ADDR: address,
    LEPTOS_SITE_ROOT: resolve('target/site'),
    TIDEMARK_SITE__BASE_URL: `http://${address}`,
    TIDEMARK_PICTURES__URL: `file:${join(folder, 'pictures')}`,
    RUST_LOG: 'warn',
    ...settings,
  }
  execFileSync(binary, ['seed'], { env, cwd: folder })
  const server = spawn(binary, ['serve'], { env, cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface({ input: server.stdout })
  await Promise.race([
    once(lines, 'line'),
    once(server, 'exit').then(([status]) => Promise.reject(new Error(`the server ended with status ${status}`))),
  ])
  return server
}

/**
 * Calls `measure` with the blog's address and the browser's debugging port, and stops both
 * afterwards.
 *
 * @param {string} binary the built program
 * @param {string} chromium the browser
 * @param {Record<string, string>} settings environment variables for the program
 * @param {(address: string, port: number) => Promise<void>} measure
 */
export async function withBlog(binary, chromium, settings, measure) {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-lighthouse-'))
  try {
    const address = `127.0.0.1:${await freePort()}`
    const server = await serve(binary, folder, address, settings)
    try {
      const chrome = await launch({
        chromePath: chromium,
        chromeFlags: [
          '--headless=new',
          '--no-sandbox',
          '--disable-gpu',
          '--no-first-run',
          '--disable-background-networking',
        ],
      })
      try {
        await measure(`http://${address}`, chrome.port)
      } finally {
        await chrome.kill()
      }
    } finally {
      const ended = once(server, 'exit')
      server.kill('SIGTERM')
      await ended
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
