// A phone's first day: node demo.mjs http://127.0.0.1:3500
import { webcrypto } from 'node:crypto'
import { Phone } from './phone.mjs'

globalThis.crypto ??= webcrypto
const phone = await Phone.create(process.argv[2])
console.log('log-in:', await phone.logIn('ann@example.org', 'correct horse battery'))
console.log('a request:', await phone.request('GET', '/me'))
const thief = await Phone.create(process.argv[2])
Object.assign(thief, { accessToken: phone.accessToken, refreshToken: phone.refreshToken })
console.log('with both tokens and another key:', await thief.request('GET', '/me'), await thief.refresh())
console.log('log-out:', await phone.request('POST', '/log-out'))
