#!/usr/bin/env node
// Finishes what either way of building left: puts the script of every page to the other scripts, as it is, gives scripts and style a
// second name with a hash, under which browsers may keep them for as long as they like, puts compressed copies beside these, and writes
// the hash to hash.txt, where the server reads it (src/server/http/files.rs).
//
// cargo-leptos could give them hashes (`hash-files`), but leaves the file of the hashes beside the program instead of the site,
// and it compresses with other libraries, so that the two ways of building would not leave the same files.

import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { HASHED, pkgDir, reading } from './settings.mjs'

/** Written aside and moved into place, so that a file that is there is whole. */
function write(file, bytes) {
  writeFileSync(`${file}.new`, bytes)
  renameSync(`${file}.new`, file)
}

write(join(pkgDir, 'reading.js'), readFileSync(reading))

// One hash for all: a script and what it loads belong together, and the server has one to remember.
const sum = createHash('sha256')
for (const [name, extension] of HASHED) {
  sum.update(createHash('sha256').update(readFileSync(join(pkgDir, `${name}.${extension}`))).digest())
}
const hash = sum.digest('hex').slice(0, 16)

for (const [name, extension] of HASHED) {
  const plain = join(pkgDir, `${name}.${extension}`)
  const hashed = join(pkgDir, `${name}.${hash}.${extension}`)
  const bytes = readFileSync(plain)
  if (!existsSync(`${hashed}.br`)) {
    const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length }
    write(`${hashed}.br`, brotliCompressSync(bytes, { params }))
  }
  if (!existsSync(`${hashed}.gz`)) write(`${hashed}.gz`, gzipSync(bytes, { level: 9 }))
  if (!existsSync(hashed)) copyFileSync(plain, hashed)
}
write(join(pkgDir, 'hash.txt'), `${hash}\n`)

// What an earlier build left. A browser that asks for it gets what is there now.
const names = HASHED.map(([name]) => name).join('|')
const hashed = new RegExp(`^(?:${names})\\.([0-9a-f]{16})\\.(?:js|wasm|css)(?:\\.br|\\.gz)?$`)
for (const file of readdirSync(pkgDir)) {
  const match = file.match(hashed)
  if (match && match[1] !== hash) rmSync(join(pkgDir, file))
}
