// A client as an application on a phone is one: it makes a key that can't be read, and proves it with each request (DPoP, RFC 9449).
// Nothing here but the standard fetch and WebCrypto, so it runs in a browser, in React Native with WebCrypto, and in Node.js.
// In an application, keep `keys` in IndexedDB, which stores such keys without showing them, and the refresh token beside them.
const encode = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
const text = (value) => new TextEncoder().encode(value)
const part = (value) => encode(text(JSON.stringify(value)))

export class Phone {
  #keys
  #jwk
  #nonce
  accessToken
  refreshToken

  constructor(origin, keys, jwk) {
    this.origin = origin
    this.#keys = keys
    this.#jwk = jwk
  }

  static async create(origin) {
    // Not extractable: not even this program reads the private key.
    const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify'])
    const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', keys.publicKey)
    return new Phone(origin, keys, { kty, crv, x, y })
  }

  // What proves the key for this one request: its method and URL, the time, and the access token that goes with it.
  async prove(method, url, accessToken) {
    const claims = { jti: crypto.randomUUID(), htm: method, htu: url.split(/[?#]/)[0], iat: Math.floor(Date.now() / 1000) }
    if (this.#nonce) claims.nonce = this.#nonce
    if (accessToken) claims.ath = encode(await crypto.subtle.digest('SHA-256', text(accessToken)))
    const signed = `${part({ typ: 'dpop+jwt', alg: 'ES256', jwk: this.#jwk })}.${part(claims)}`
    const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, this.#keys.privateKey, text(signed))
    return `${signed}.${encode(signature)}`
  }

  async #send(method, path, body, accessToken) {
    const url = this.origin + path
    const send = async () =>
      fetch(url, {
        method,
        headers: {
          DPoP: await this.prove(method, url, accessToken),
          ...(accessToken ? { Authorization: `DPoP ${accessToken}` } : {}),
          ...(body ? { 'Content-Type': 'application/json' } : {}),
        },
        body: body && JSON.stringify(body),
      })
    let response = await send()
    const nonce = response.headers.get('DPoP-Nonce')
    // A server whose clock differs from this one gives out a nonce, by which it knows that the proof is fresh.
    if (response.status === 401 && nonce && nonce !== this.#nonce) {
      this.#nonce = nonce
      await response.body?.cancel()
      response = await send()
    }
    return { status: response.status, answer: await response.json() }
  }

  async #open(path, body) {
    const { status, answer } = await this.#send('POST', path, body)
    if (status === 200) ({ accessToken: this.accessToken, refreshToken: this.refreshToken } = answer)
    return answer.status
  }
  logIn(email, password) {
    return this.#open('/log-in', { email, password })
  }
  // An answer that was lost may be asked for again however late: the key shows who asks.
  refresh() {
    return this.#open('/refresh', { refreshToken: this.refreshToken })
  }

  // On any 401, refresh once; only a refused refresh means log in.
  async request(method, path) {
    const first = await this.#send(method, path, undefined, this.accessToken)
    if (first.status !== 401 || (await this.refresh()) !== 'ok') return first
    return this.#send(method, path, undefined, this.accessToken)
  }
}
