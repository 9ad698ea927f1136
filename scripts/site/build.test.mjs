// Checks that `scripts/build.sh` produces the same site with cargo-leptos and, where that isn't
// installed, with build.mjs, and that cacheable files have a hash in their names.

import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { brotliCompressSync, brotliDecompressSync, constants, gunzipSync } from 'node:zlib'
import { HASHED, name, pkgDir, reading, root, site } from './settings.mjs'

const hasCargoLeptos = spawnSync('cargo', ['leptos', '--version'], { cwd: root }).status === 0

function run(command, args) {
  execFileSync(command, args, { cwd: root, stdio: 'ignore' })
}

function files() {
  const names = readdirSync(site, { recursive: true }).filter((file) => statSync(join(site, file)).isFile())
  return Object.fromEntries(names.sort().map((file) => [file, readFileSync(join(site, file))]))
}

function build(command, args) {
  rmSync(site, { recursive: true, force: true })
  run(command, args)
  run('node', ['scripts/site/finish.mjs'])
  return files()
}

test(
  'cargo-leptos and build.mjs leave the same site',
  { skip: !hasCargoLeptos && 'cargo-leptos is not installed on this machine' },
  () => {
    const theirs = build('cargo', ['leptos', 'build', '--release', '--js-minify=false'])
    const ours = build('node', ['scripts/site/build.mjs'])
    assert.deepEqual(Object.keys(ours), Object.keys(theirs))
    for (const file of Object.keys(ours)) assert.ok(ours[file].equals(theirs[file]), `${file} differs`)
  },
)

test('hashed files equal their unhashed originals, and compressed copies unpack to them', () => {
  const hash = readFileSync(join(pkgDir, 'hash.txt'), 'utf8').trim()
  for (const [name, extension] of HASHED) {
    const plain = readFileSync(join(pkgDir, `${name}.${extension}`))
    const hashed = join(pkgDir, `${name}.${hash}.${extension}`)
    assert.ok(readFileSync(hashed).equals(plain), hashed)
    const [br, gz] = [readFileSync(`${hashed}.br`), readFileSync(`${hashed}.gz`)]
    assert.ok(brotliDecompressSync(br).equals(plain), `${hashed}.br`)
    assert.ok(gunzipSync(gz).equals(plain), `${hashed}.gz`)
    assert.ok(br.length < gz.length && gz.length < plain.length, `${br.length}, ${gz.length}, ${plain.length}`)
    const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length }
    assert.equal(br.length, brotliCompressSync(plain, { params }).length, `${hashed}.br is not of the highest level`)
  }
})

test('the script of every page is sent as it was written', () => {
  assert.ok(readFileSync(join(pkgDir, 'reading.js')).equals(readFileSync(reading)))
})

test('another style sheet gets another name, and the old one is gone', () => {
  const before = files()
  const style = join(pkgDir, `${name}.css`)
  const text = readFileSync(style)
  const finish = () => {
    run('node', ['scripts/site/finish.mjs'])
    return files()
  }
  try {
    writeFileSync(style, `${text} .other{color:red}`)
    const other = finish()
    assert.notEqual(`${other['pkg/hash.txt']}`, `${before['pkg/hash.txt']}`)
    assert.equal(Object.keys(other).length, Object.keys(before).length)
  } finally {
    writeFileSync(style, text)
    finish()
  }
  assert.deepEqual(files(), before)
})
