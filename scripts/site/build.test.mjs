// Both ways of building leave the same site: cargo-leptos, and build.mjs where it is not installed.

import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const site = join(root, 'target/site')
const hasCargoLeptos = spawnSync('cargo', ['leptos', '--version'], { cwd: root }).status === 0

function build(command, args) {
  rmSync(site, { recursive: true, force: true })
  execFileSync(command, args, { cwd: root, stdio: 'ignore' })
  const files = readdirSync(site, { recursive: true }).filter((name) => statSync(join(site, name)).isFile())
  return Object.fromEntries(files.sort().map((name) => [name, readFileSync(join(site, name))]))
}

test(
  'cargo-leptos and build.mjs leave the same site',
  { skip: !hasCargoLeptos && 'cargo-leptos is not installed on this machine' },
  () => {
    const theirs = build('cargo', ['leptos', 'build', '--release', '--js-minify=false'])
    const ours = build('node', ['scripts/site/build.mjs'])
    assert.deepEqual(Object.keys(ours), Object.keys(theirs))
    for (const name of Object.keys(ours)) assert.ok(ours[name].equals(theirs[name]), `${name} differs`)
  },
)
