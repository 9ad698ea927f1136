// One server per worker: the real binary on a free port, with a database in a temporary folder,
// seeded with the samples.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { type Page, expect, test as base } from '@playwright/test'

const ROOT = resolve(__dirname, '../..')
export const BINARY = process.env.TIDEMARK_BINARY ?? join(ROOT, 'target/release/tidemark')

export class Server {
  private constructor(
    readonly url: string,
    readonly password: string,
    private readonly child: ChildProcess,
    private readonly folder: string,
    /** The environment, for running other commands of the binary. */
    readonly env: Record<string, string>,
  ) {}

  static async start(settings: Record<string, string> = {}): Promise<Server> {
    const folder = mkdtempSync(join(tmpdir(), 'tidemark-'))
    const env: Record<string, string> = {
      DATABASE_URL: `sqlite:${join(folder, 'blog.db')}`,
      LEPTOS_SITE_ADDR: '127.0.0.1:0',
      LEPTOS_SITE_ROOT: join(ROOT, 'target/site'),
      TIDEMARK_PICTURES__URL: `file:${join(folder, 'pictures')}`,
      RUST_LOG: 'warn',
      ...settings,
    }
    const seeded = execFileSync(BINARY, ['seed'], { env, cwd: folder, encoding: 'utf8' })
    const password = seeded.split('\n')[2].trim()
    const child = spawn(BINARY, ['serve'], { env, cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
    const url = await new Promise<string>((found, failed) => {
      child.once('exit', (status) => failed(new Error(`the server ended with status ${status}`)))
      createInterface({ input: child.stdout! }).on('line', (line) => {
        const address = line.match(/http:\/\/[\d.:]+/)
        if (address) found(address[0])
      })
    })
    return new Server(url, password, child, folder, env)
  }

  async stop() {
    const ended = new Promise((done) => this.child.removeAllListeners('exit').once('exit', done))
    this.child.kill('SIGTERM')
    await ended
    rmSync(this.folder, { recursive: true })
  }

  /** Creates a user and returns the password. */
  addUser(username: string, role: string): string {
    const { env, folder } = this
    const told = execFileSync(BINARY, ['user', 'add', username, '--role', role], { env, cwd: folder, encoding: 'utf8' })
    return told.split('\n')[1].trim()
  }

  /** An article's view count, from the API. */
  async views(slug: string): Promise<number> {
    const list = await (await fetch(`${this.url}/api/v1/articles?per-page=100`)).json()
    return list.articles.find((article: { slug: string }) => article.slug === slug).views
  }
}

/**
 * Signs in through the form, and waits until the page `next` has loaded: its address changes before
 * its style sheet is there, and what is measured until then is of a page without style.
 */
export async function signIn(page: Page, username: string, password: string, next = '/account') {
  await page.goto(`/login?next=${encodeURIComponent(next)}`)
  await page.getByLabel('User name').fill(username)
  await page.getByLabel('Password').fill(password)
  await page.locator('main').getByRole('button', { name: 'Sign in' }).click()
  await expect(page).toHaveURL(new RegExp(`${next.replace(/[?]/g, '\\?')}$`))
  await page.waitForLoadState()
}

async function serve(_: {}, use: (server: Server) => Promise<void>) {
  const server = await Server.start()
  await use(server)
  await server.stop()
}

export const test = base.extend<{}, { server: Server }>({
  server: [async ({}, use) => serve({}, use), { scope: 'worker' }],
  baseURL: async ({ server }, use) => use(server.url),
})

/** A separate server, for tests that leave data behind that would disturb others. */
export const testApart = test.extend<{}, { server: Server }>({
  server: [async ({}, use) => serve({}, use), { scope: 'worker' }],
})

export { expect } from '@playwright/test'
