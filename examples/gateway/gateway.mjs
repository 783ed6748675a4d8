// Starts a service, the endpoints, and nginx and Apache in front of it: node gateway.mjs. PGHOST, PGUSER and PGDATABASE name a database
// with schema.sql in it.
import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chownSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { serve as serveEndpoints } from './endpoints.mjs'
import { serve as serveUpstream } from './upstream.mjs'

const NGINX = '/usr/sbin/nginx'
const APACHE = '/usr/sbin/apache2'
const MODULES = '/usr/lib/apache2/modules'
const here = (name) => fileURLToPath(new URL(name, import.meta.url))

async function freePort() {
  const server = createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

// The endpoints are asked over TLS, as both RFCs want it and as mod_auth_openidc insists. Here with a certificate of its own for a day.
function makeCertificate(directory) {
  const [keyFile, certificateFile] = [join(directory, 'key.pem'), join(directory, 'certificate.pem')]
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1', '-subj', '/CN=127.0.0.1',
    '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', keyFile, '-out', certificateFile], { stdio: 'ignore' })
  return { key: readFileSync(keyFile), cert: readFileSync(certificateFile), certificateFile }
}

// Neither gateway runs as root: then it is Debian's user for web servers.
function serverIdentity() {
  if (process.getuid() !== 0) return {}
  const id = (option) => Number(execFileSync('id', [option, 'www-data']))
  return { uid: id('-u'), gid: id('-g') }
}

// A program that runs until it is stopped. `name` is for messages; its log is shown if it ends by itself at the start.
async function run(name, command, parameters, options, port, log) {
  const output = openSync(log, 'a')
  const child = spawn(command, parameters, { stdio: ['ignore', output, output], ...options })
  closeSync(output)
  const ended = new Promise((resolve) => child.once('exit', resolve).once('error', resolve))
  const stop = () => child.kill('SIGTERM')
  process.once('exit', stop)
  let running = true
  ended.then(() => (running = false))
  for (let tries = 0; running && tries < 600; tries++) {
    const answers = await new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true) ?? socket.destroy()).on('error', () => resolve(false))
    })
    if (answers)
      return async () => {
        stop()
        await ended
        process.off('exit', stop)
      }
    await sleep(50)
  }
  stop()
  throw new Error(`${name} does not start: ${readFileSync(log, 'utf8')}`)
}

// interval: for how many seconds Apache believes an answer below /cached.
export async function start({ port = 0, interval = 10, connection } = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'gateway.'))
  const closing = [() => rmSync(directory, { recursive: true, force: true })]
  const close = async () => {
    for (const step of closing.splice(0).reverse()) await step()
  }
  try {
    const identity = serverIdentity()
    const give = (path) => identity.uid === undefined || chownSync(path, identity.uid, identity.gid)
    const socket = (name) => join(directory, `${name}.sock`)
    give(directory)
    const secret = () => randomBytes(24).toString('base64url')
    const clients = { apache: { secret: secret(), may: ['introspect'] }, application: { secret: secret(), may: ['introspect', 'revoke'] } }
    const [nginxPort, apachePort] = [port || (await freePort()), port ? port + 1 : await freePort()]
    const [nginx, apache] = [nginxPort, apachePort].map((each) => `http://127.0.0.1:${each}`)

    const upstream = await serveUpstream({ socket: socket('upstream') })
    closing.push(upstream.close)
    const tls = makeCertificate(directory)
    const endpoints = await serveEndpoints({ port: port && port + 2, tls, socket: socket('authorize'), origin: nginx, clients, connection })
    closing.push(endpoints.close)
    for (const name of ['upstream', 'authorize']) give(socket(name))

    const variables = { DIRECTORY: directory, NGINX_PORT: nginxPort }
    const configuration = join(directory, 'nginx.conf')
    writeFileSync(configuration, readFileSync(here('nginx.conf'), 'utf8').replace(/\$\{([A-Z_]+)\}/g, (all, name) => variables[name]))
    const options = { ...identity, cwd: directory }
    const logs = { nginx: join(directory, 'nginx.log'), apache: join(directory, 'apache.log') }
    for (const log of Object.values(logs)) writeFileSync(log, '')
    for (const path of [configuration, tls.certificateFile, ...Object.values(logs)]) give(path)
    closing.push(await run('nginx', NGINX, ['-p', directory, '-e', logs.nginx, '-c', configuration], options, nginxPort, logs.nginx))
    const environment = {
      ...variables, MODULES, APACHE_PORT: apachePort, APACHE_SECRET: clients.apache.secret, ENDPOINTS: endpoints.url,
      CERTIFICATE: tls.certificateFile, INTERVAL: interval, TMPDIR: directory,
    }
    closing.push(await run('Apache', APACHE, ['-f', here('apache.conf'), '-DFOREGROUND'], { ...options, env: environment }, apachePort, logs.apache))
    return { nginx, apache, endpoints, upstream, clients, certificate: tls.cert, directory, close }
  } catch (error) {
    await close()
    throw error
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { nginx, apache, endpoints, clients, close } = await start({ port: Number(process.env.PORT ?? 4100) })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => close().then(() => process.exit(0)))
  console.log(`nginx is at ${nginx}, Apache at ${apache}: ask them with a token of
  SELECT access_token FROM jwt_auth.issue_refresh_session('ann')
The endpoints are ${endpoints.url}/introspect and ${endpoints.url}/revoke, for the client application:${clients.application.secret}`)
}
