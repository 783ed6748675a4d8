// The service behind the gateways. It believes the header X-User, which they alone can send: it listens on a Unix socket in a directory
// that nobody else can enter.
import { createServer } from 'node:http'

// seen: the requests that came through, for the tests.
export async function serve({ socket }) {
  const seen = []
  const server = createServer((request, response) => {
    const { method, url, headers } = request
    seen.push({ method, url, headers })
    const answer = (status, body) => response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
    // A request without exactly one name is not anonymous but a mistake of the gateway's.
    const names = request.headersDistinct['x-user'] ?? []
    if (names.length !== 1 || names[0] === '') return answer(500, { error: 'no user' })
    request.resume().on('end', () => answer(200, { user: decodeURIComponent(names[0]) }))
  })
  await new Promise((resolve, reject) => server.once('error', reject).listen(socket, resolve))
  return { seen, close: () => new Promise((resolve) => server.close(resolve).closeAllConnections?.()) }
}
