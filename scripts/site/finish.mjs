#!/usr/bin/env node
// Finishes the site after either build. It copies the script of every page to the other scripts and
// gives scripts and style a second name with a hash, under which browsers may cache them for ever.
// It puts compressed copies beside these and writes the hash to hash.txt, where the server reads it
// (server::http::files).
//
// cargo-leptos could add hashes (`hash-files`), but it leaves the list of hashes beside the program
// instead of in the site, and it compresses with other libraries. The two builds would then produce
// different files.

import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { HASHED, pkgDir, reading } from './settings.mjs'

/** Writes to a temporary file and renames it, so a file is never incomplete. */
function write(file, bytes) {
  writeFileSync(`${file}.new`, bytes)
  renameSync(`${file}.new`, file)
}

write(join(pkgDir, 'reading.js'), readFileSync(reading))

// One hash for all files: a script and the files it loads belong together, and the server needs to
// know only one hash.
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

// Delete files of earlier builds. A browser that asks for one gets the current file.
const names = HASHED.map(([name]) => name).join('|')
const hashed = new RegExp(`^(?:${names})\\.([0-9a-f]{16})\\.(?:js|wasm|css)(?:\\.br|\\.gz)?$`)
for (const file of readdirSync(pkgDir)) {
  const match = file.match(hashed)
  if (match && match[1] !== hash) rmSync(join(pkgDir, file))
}
