// The settings of both builds: [package.metadata.leptos] in Cargo.toml.

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

const metadata = JSON.parse(
  execFileSync('cargo', ['metadata', '--no-deps', '--format-version=1'], { encoding: 'utf8', maxBuffer: 1 << 26 }),
)
export const root = metadata.workspace_root
export const targetDirectory = metadata.target_directory
export const pkg = metadata.packages.find((candidate) => candidate.metadata?.leptos)
export const settings = pkg.metadata.leptos
/** The name of the library and the style, and their folder. */
export const name = settings['output-name']
export const site = join(root, settings['site-root'])
export const pkgDir = join(site, settings['site-pkg-dir'])
/** The script of every page. */
export const reading = join(root, 'browser/reading.js')
/** Files that get a name with a hash: name and extension. server::http::files lists them too. */
export const HASHED = [['reading', 'js'], [name, 'js'], [name, 'wasm'], [name, 'css']]
