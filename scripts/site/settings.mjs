// What both ways of building read: [package.metadata.leptos] in Cargo.toml.

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

const metadata = JSON.parse(
  execFileSync('cargo', ['metadata', '--no-deps', '--format-version=1'], { encoding: 'utf8', maxBuffer: 1 << 26 }),
)
export const root = metadata.workspace_root
export const targetDirectory = metadata.target_directory
export const pkg = metadata.packages.find((candidate) => candidate.metadata?.leptos)
export const settings = pkg.metadata.leptos
/** What the library and the style are called, and their folder. */
export const name = settings['output-name']
export const site = join(root, settings['site-root'])
export const pkgDir = join(site, settings['site-pkg-dir'])
/** What every page runs for its reader. */
export const reading = join(root, 'browser/reading.js')
/** What gets a name with a hash: name and extension. The server knows them too (src/server/http/files.rs). */
export const HASHED = [['reading', 'js'], [name, 'js'], [name, 'wasm'], [name, 'css']]
