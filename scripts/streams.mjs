// Opens many idle streams of live counts and tells how much of a core the server uses meanwhile.
//
//   node scripts/streams.mjs PID http://127.0.0.1:3000 [STREAMS] [SECONDS] [ARTICLES]
//
// The server must trust 127.0.0.1 as a proxy (server.trusted-proxies), because one address may have
// only a part of all streams, and may have to accept more connections (server.connections).

import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

const [pid, url, streams = '5000', seconds = '60', articles = '1,2,3,4,5,6,7,8,9,10'] = process.argv.slice(2)
const { hostname, port } = new URL(url)

/** CPU time of the server so far, in seconds. Linux counts hundredths. */
const used = () => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** Opens a stream and resolves with its status once its head has arrived. */
const open = (number) =>
  new Promise((done, failed) => {
    const socket = connect(Number(port), hostname)
    socket.on('error', failed)
    socket.once('data', (head) => done(String(head).split(' ')[1]))
    socket.on('data', () => {})
    const address = `10.0.${number >> 8}.${number & 255}`
    socket.write(`GET /api/counts/stream?articles=${articles} HTTP/1.1\r\nhost: x\r\nx-forwarded-for: ${address}\r\n\r\n`)
  })

const answers = {}
for (let number = 0; number < Number(streams); number++) {
  const status = await open(number)
  answers[status] = (answers[status] ?? 0) + 1
}
console.log('answers by status:', answers)
// What is known is sent within a second.
await wait(3_000)
const [before, start] = [used(), performance.now()]
await wait(Number(seconds) * 1_000)
const share = ((used() - before) / (performance.now() - start)) * 1_000 * 100
console.log(`${streams} idle streams use ${share.toFixed(2)} % of a core`)
process.exit(0)
