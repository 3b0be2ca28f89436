// One side of hypercore's replication over TCP on loopback, for hypercore.py.
// source FOLDER COUNT SIZE: makes the log, then prints {port, key} and serves it until its input ends.
// newcomer FOLDER PORT KEY COUNT [HOST]: fetches all of it into an empty folder, then prints what it took.

const { createRequire } = require('node:module')
const net = require('node:net')
const path = require('node:path')

const here = createRequire(path.join(process.env.BENCH_NODE, 'package.json'))
const Hypercore = here('hypercore')
const b4a = here('b4a')

function connect (core, isInitiator, socket) {
  const stream = core.replicate(isInitiator)
  socket.setNoDelay(true)
  const ignore = () => {}
  socket.on('error', ignore)
  stream.on('error', ignore)
  stream.pipe(socket).pipe(stream)
}

async function source (folder, count, size) {
  const core = new Hypercore(folder)
  await core.ready()
  const text = 'x'.repeat(size)
  for (let at = 0; at < count; at += 1000) {
    const blocks = []
    for (let n = at; n < Math.min(at + 1000, count); n++) {
      blocks.push(b4a.from((n + ':' + text).slice(0, size)))
    }
    await core.append(blocks)
  }
  const server = net.createServer((socket) => connect(core, false, socket))
  server.listen(0, '0.0.0.0', () => {
    console.log(JSON.stringify({ port: server.address().port, key: b4a.toString(core.key, 'hex') }))
  })
  process.stdin.on('end', () => process.exit(0)).resume()
}

async function newcomer (folder, port, key, count, host) {
  const core = new Hypercore(folder, b4a.from(key, 'hex'))
  await core.ready()
  const start = process.hrtime.bigint()
  const before = process.cpuUsage()
  const socket = net.connect(port, host)
  connect(core, true, socket)
  await core.update({ wait: true })
  await core.download({ start: 0, end: count }).done()
  const took = Number(process.hrtime.bigint() - start) / 1e9
  const cpu = process.cpuUsage(before)
  const have = core.contiguousLength
  console.log(JSON.stringify({ took, cpu: (cpu.user + cpu.system) / 1e6, have }))
  process.exit(0)
}

const [what, folder, ...rest] = process.argv.slice(2)
if (what === 'source') source(folder, Number(rest[0]), Number(rest[1]))
else newcomer(folder, Number(rest[0]), rest[1], Number(rest[2]), rest[3] || '127.0.0.1')
