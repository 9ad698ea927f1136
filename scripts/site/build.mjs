#!/usr/bin/env node
// Builds the site and the server like `cargo leptos build --release`, for machines without
// cargo-leptos. It reads the same settings, [package.metadata.leptos] in Cargo.toml, and produces
// the same files; build.test.mjs compares the two.
// With --site-only it leaves out the server.

import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import browserslist from 'browserslist'
import { browserslistToTargets, transform } from 'lightningcss'
import { name, pkg, pkgDir, root, settings, site, targetDirectory } from './settings.mjs'

const WASM_TARGET = 'wasm32-unknown-unknown'

function run(command, args) {
  execFileSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] })
}

function say(text) {
  console.error(`\x1b[1m==>\x1b[0m ${text}`)
}

function cargoBuild(what, features, profile, more) {
  run('cargo', ['build', `--package=${pkg.name}`, what, '--no-default-features', `--features=${features}`, `--profile=${profile}`, ...more])
}

function isNewer(file, than) {
  return existsSync(file) && existsSync(than) && statSync(file).mtimeMs >= statSync(than).mtimeMs
}

// 1. The browser's library
const profile = settings['lib-profile-release']
const frontTarget = join(targetDirectory, 'front')
say('Compiling the browser\'s library (the first time takes minutes)')
cargoBuild('--lib', settings['lib-features'], profile, [`--target=${WASM_TARGET}`, `--target-dir=${frontTarget}`])

const library = join(frontTarget, WASM_TARGET, profile, `${pkg.name.replaceAll('-', '_')}.wasm`)
const wasm = join(pkgDir, `${name}.wasm`)
if (!isNewer(wasm, library)) {
  mkdirSync(pkgDir, { recursive: true })
  say('Generating its JavaScript and optimising it for size')
  run(process.env.WASM_BINDGEN ?? 'wasm-bindgen', ['--target=web', `--out-name=${name}`, `--out-dir=${pkgDir}`, library])
  // Written to a temporary file and renamed last, so an interrupted build is repeated.
  const raw = join(pkgDir, `${name}_bg.wasm`)
  run('wasm-opt', ['-Oz', '--enable-bulk-memory', '--enable-nontrapping-float-to-int', raw, '-o', `${raw}.optimized`])
  rmSync(raw)
  renameSync(`${raw}.optimized`, wasm)
}

// 2. The style
const style = join(root, settings['style-file'])
const { code } = transform({
  filename: basename(style),
  code: readFileSync(style),
  minify: true,
  targets: browserslistToTargets(browserslist(settings.browserquery)),
})
mkdirSync(pkgDir, { recursive: true })
writeFileSync(join(pkgDir, `${name}.css`), code)

// 3. The other files
cpSync(join(root, settings['assets-dir']), site, { recursive: true })

// 4. The server
if (process.argv.includes('--site-only')) process.exit()
say('Compiling the server (the first time takes minutes)')
cargoBuild(`--bin=${settings['bin-target'] ?? pkg.name}`, settings['bin-features'], 'release', [])
console.log(join(targetDirectory, 'release', settings['bin-target'] ?? pkg.name))
