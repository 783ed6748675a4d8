// The example for PostgREST (examples/postgrest/schema.sql), used through PostgREST's own statements over one connection as
// authenticator; and what a hostile client could send.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import * as jose from 'jose'
import pg from 'pg'
import { PostgREST, VERSIONS, claimPath, cookieOf, keysOf } from './postgrest.mjs'

const admin = new pg.Client()
let rest
const PASSWORD = 'correct horse battery'
const value = async (sql, ...parameters) => Object.values((await admin.query(sql, parameters)).rows[0])[0]

// A browser: its address and user agent, its cookie, its access token in memory.
class Browser {
  constructor(address = '203.0.113.7', agent = 'Browser/1') {
    this.headers = { 'x-forwarded-for': address, 'user-agent': agent, accept: 'application/json' }
  }
  async send(method, path, body, { token = this.token, cookie = this.cookie, headers = {} } = {}) {
    const answer = await rest.request({
      method,
      path,
      body,
      headers: { ...this.headers, ...(token ? { authorization: `Bearer ${token}` } : {}), ...headers },
      cookies: path === '/rpc/refresh' && cookie ? { refresh_token: cookie } : {},
    })
    if (answer.headers['Set-Cookie']) this.cookie = cookieOf(answer.headers['Set-Cookie']).value || undefined
    if (answer.body?.access_token) this.token = answer.body.access_token
    return answer
  }
  post(name, body, options) {
    return this.send('POST', `/rpc/${name}`, body, options)
  }
  get(path, options) {
    return this.send('GET', path, undefined, options)
  }
}
async function newcomer(email) {
  const browser = new Browser()
  const answer = await browser.post('sign_up', { email, password: PASSWORD })
  assert.equal(answer.status, 200)
  return browser
}

before(() => admin.connect())
after(() => admin.end())

for (const version of VERSIONS)
  describe(`PostgREST ${version}`, () => {
    const at = (name) => `${name}@v${version}.example.org`
    before(async () => {
      rest = new PostgREST({ user: 'authenticator' }, { version })
      await rest.start()
    })
    after(() => rest.stop())

    test('the configuration holds the public keys, and the kid of tokens is among them', async () => {
      assert.deepEqual(JSON.parse(rest.configuration.jwt_secret), await value('SELECT jwt_auth.jwks()'))
      const ann = await newcomer(at('kid'))
      const { kid } = jose.decodeProtectedHeader(ann.token)
      assert.ok(JSON.parse(rest.configuration.jwt_secret).keys.some((key) => key.kid === kid))
      assert.ok(JSON.parse(rest.configuration.jwt_secret).keys.every((key) => !('d' in key)))
    })

    test('sign-up answers tokens whose times are integers, and a cookie for the refresh path only', async () => {
      const browser = new Browser()
      const answer = await browser.post('sign_up', { email: at('Ann').replace('example', 'Example'), password: PASSWORD })
      assert.equal(answer.status, 200)
      assert.equal(answer.headers['Cache-Control'], 'no-store')
      const cookie = cookieOf(answer.headers['Set-Cookie'])
      assert.equal(cookie.name, 'refresh_token')
      assert.match(cookie.value, /^jwtauth_r1_[\w-]{91}$/)
      const { 'Max-Age': age, ...attributes } = cookie.attributes
      assert.deepEqual(attributes, { Path: '/rpc/refresh', HttpOnly: true, Secure: true, SameSite: 'Strict' })
      assert.ok(Number(age) > 1209590 && Number(age) <= 1209600, age)
      assert.equal('refresh_token' in answer.body, false)
      const claims = jose.decodeJwt(answer.body.access_token)
      assert.equal(claims.role, 'member')
      for (const time of ['iat', 'exp', 'auth_time']) assert.ok(Number.isInteger(claims[time]), time)
      assert.equal((await browser.post('sign_up', { email: at('ann'), password: PASSWORD })).status, 409)
      assert.equal((await browser.post('sign_up', { email: at('x'), password: 'short' })).status, 400)
    })

    test('log-in: right, wrong, unknown', async () => {
      await newcomer(at('ben'))
      const browser = new Browser()
      assert.equal((await browser.post('log_in', { email: at('BEN'), password: PASSWORD })).body.status, 'ok')
      for (const [email, password] of [[at('ben'), 'wrong'], [at('nobody'), PASSWORD], ["' OR 1=1 --", PASSWORD]]) {
        const answer = await new Browser().post('log_in', { email, password })
        assert.equal(answer.status, 401)
        assert.deepEqual(answer.body, { status: 'wrong_email_or_password' })
        assert.deepEqual(answer.headers, {})
      }
    })

    test('a log-in with the old password that a change overtakes is refused', async () => {
      await newcomer(at('pam'))
      await admin.query('BEGIN')
      await admin.query("UPDATE private.account SET password_hash = 'changed' WHERE email = $1", [at('pam')])
      let answered = false
      const late = new Browser().post('log_in', { email: at('pam'), password: PASSWORD }).finally(() => (answered = true))
      while (!answered && !(await value('SELECT bool_or(pg_backend_pid() = ANY (pg_blocking_pids(pid))) FROM pg_locks WHERE NOT granted')));
      await admin.query('COMMIT')
      assert.equal((await late).status, 401)
    })

    test('what bcrypt would cut off a password is not ignored', async () => {
      const full = 'x'.repeat(72)
      const quin = new Browser()
      assert.equal((await quin.post('sign_up', { email: at('quin'), password: full })).status, 200)
      assert.equal((await new Browser().post('log_in', { email: at('quin'), password: `${full}y` })).status, 401)
      assert.equal((await quin.post('change_password', { current_password: `${full}y`, new_password: PASSWORD })).status, 403)
      assert.equal((await new Browser().post('log_in', { email: at('quin'), password: full })).status, 200)
    })

    test('an e-mail address that is none is refused, with nothing of the row in the answer', async () => {
      for (const email of [null, '', 'nobody', '@', `${'x'.repeat(320)}@example.org`]) {
        const answer = await new Browser().post('sign_up', { email, password: PASSWORD })
        assert.deepEqual([answer.status, answer.body], [400, { status: 'email_not_acceptable' }])
      }
    })

    test('everybody sees their own rows, by GET in a READ ONLY transaction, and anonymous nothing at all', async () => {
      const [cy, dan] = [await newcomer(at('cy')), await newcomer(at('dan'))]
      const write = (browser, text) =>
        rest.request({
          method: 'POST',
          path: '/note',
          headers: { ...browser.headers, authorization: `Bearer ${browser.token}` },
          query: [
            `WITH pgrst_source AS (INSERT INTO api.note (body) VALUES ($1) RETURNING owner)
             SELECT json_agg(s) AS body, null AS response_headers, null AS response_status FROM pgrst_source s`,
            [text],
          ],
        })
      const { sub } = jose.decodeJwt(cy.token)
      assert.deepEqual((await write(cy, "cy's")).body, [{ owner: sub }])
      await write(dan, "dan's")
      assert.deepEqual((await cy.get('/note')).body.map((note) => note.body), ["cy's"])
      assert.deepEqual((await dan.get('/note')).body.map((note) => note.body), ["dan's"])
      const anonymous = await new Browser().get('/note')
      assert.equal(anonymous.status, 401)
      assert.equal(anonymous.body.code, '42501')
      assert.equal((await new Browser().post('devices')).status, 401)
    })

    test('a GET can not write: the transaction is READ ONLY, and pre_request did not mind', async () => {
      const eve = await newcomer(at('eve'))
      const answer = await eve.get('/rpc/log_out')
      assert.equal(answer.body.code, '25006')
      assert.equal((await eve.get('/note')).status, 200)
    })

    test('refresh by cookie, with no access token; a retry gets the same; a replay is a theft', async () => {
      const fay = await newcomer(at('fay'))
      const first = fay.cookie
      const refreshed = await fay.post('refresh', {}, { token: null })
      assert.equal(refreshed.status, 200)
      assert.equal(refreshed.body.status, 'ok')
      const second = fay.cookie
      assert.notEqual(second, first)
      const again = await fay.post('refresh', {}, { token: null, cookie: first })
      assert.equal(again.body.status, 'replayed')
      assert.equal(fay.cookie, second)
      await fay.post('refresh', {}, { token: null })
      const thief = new Browser('198.51.100.66', 'Thief/1')
      const stolen = await thief.post('refresh', {}, { cookie: first })
      assert.equal(stolen.status, 401)
      assert.deepEqual(stolen.body, { status: 'reuse_detected' })
      assert.equal(cookieOf(stolen.headers['Set-Cookie']).attributes['Max-Age'], '0')
      const victim = await fay.get('/note')
      assert.equal(victim.status, 401)
      assert.equal(victim.body.code, 'JW010')
      assert.equal((await fay.post('refresh', {}, { token: null })).body.status, 'invalid')
      assert.equal(await value("SELECT count(*)::int FROM jwt_auth.auth_event WHERE event = 'reuse_detected' AND user_id = $1", jose.decodeJwt(fay.token).sub), 1)
    })

    test('refresh with no cookie, or with rubbish in it', async () => {
      for (const cookie of [undefined, 'x', "'; DROP TABLE private.account; --", 'jwtauth_r1_', 'a\r\nSet-Cookie: b=c']) {
        const answer = await new Browser().post('refresh', {}, { cookie })
        assert.equal(answer.status, 401)
        assert.deepEqual(answer.body, { status: 'invalid' })
        assert.match(answer.headers['Set-Cookie'], /^refresh_token=; Path=\/rpc\/refresh; Max-Age=0; /)
      }
    })

    test('devices: the list, this one, ending another, and not somebody else’s', async () => {
      const gus = await newcomer(at('gus'))
      const phone = new Browser('2001:db8::7', 'Phone/2')
      await phone.post('log_in', { email: at('gus'), password: PASSWORD })
      const devices = (await gus.get('/rpc/devices')).body
      assert.deepEqual(devices.map(({ ip, user_agent: agent, is_this_one: here }) => ({ ip, agent, here })).sort((a, b) => a.here - b.here), [
        { ip: '2001:db8::7', agent: 'Phone/2', here: false },
        { ip: '203.0.113.7', agent: 'Browser/1', here: true },
      ])
      const other = await newcomer(at('hal'))
      const { session_id: session } = devices.find((device) => !device.is_this_one)
      assert.equal((await other.post('end_device', { session_id: session })).body, false)
      assert.equal((await phone.get('/note')).status, 200)
      assert.equal((await gus.post('end_device', { session_id: session })).body, true)
      assert.equal((await phone.get('/note')).body.code, 'JW010')
      assert.equal((await gus.get('/note')).status, 200)
    })

    test('log-out ends this session, everywhere ends all', async () => {
      const ida = await newcomer(at('ida'))
      const phone = new Browser()
      await phone.post('log_in', { email: at('ida'), password: PASSWORD })
      const out = await phone.post('log_out')
      assert.equal(out.body, true)
      assert.match(out.headers['Set-Cookie'], /^refresh_token=; Path=\/rpc\/refresh; Max-Age=0; HttpOnly; Secure; SameSite=Strict$/)
      assert.equal((await phone.get('/note')).status, 401)
      assert.equal((await ida.get('/note')).status, 200)
      await phone.post('log_in', { email: at('ida'), password: PASSWORD }, { token: null })
      assert.equal((await ida.post('log_out_everywhere')).body, 2)
      for (const browser of [ida, phone]) assert.equal((await browser.get('/note')).body.code, 'JW010')
    })

    test('a changed password ends every session but gives this client a new one', async () => {
      const jo = await newcomer(at('jo'))
      const phone = new Browser()
      await phone.post('log_in', { email: at('jo'), password: PASSWORD })
      assert.equal((await jo.post('change_password', { current_password: 'wrong', new_password: 'another long one' })).status, 403)
      const old = jo.token
      const changed = await jo.post('change_password', { current_password: PASSWORD, new_password: 'another long one' })
      assert.equal(changed.body.status, 'ok')
      assert.equal((await jo.get('/note')).status, 200)
      for (const token of [old, phone.token]) assert.equal((await jo.get('/note', { token })).body.code, 'JW010')
      assert.equal((await phone.post('refresh', {}, { token: null })).body.status, 'invalid')
      assert.equal((await new Browser().post('log_in', { email: at('jo'), password: PASSWORD })).status, 401)
    })

    test('claims that PostgREST would pass on are not believed: only the token is', async () => {
      const kim = await newcomer(at('kim'))
      const { sub } = jose.decodeJwt(kim.token)
      const forgery = new PostgREST({ user: 'authenticator' }, { version, checkTokens: false })
      await forgery.start()
      try {
        const forged = await new jose.SignJWT({ role: 'member', sub }).setProtectedHeader({ alg: 'HS256' }).setExpirationTime('1h').sign(new Uint8Array(32))
        const answer = await forgery.request({ path: '/note', headers: { authorization: `Bearer ${forged}` } })
        assert.deepEqual([answer.status, answer.body.code], [401, 'JW007'])
        await forgery.client.query('BEGIN')
        await forgery.client.query("select set_config('role', 'member', true), set_config('request.jwt.claims', $1, true)", [JSON.stringify({ sub, role: 'member' })])
        await forgery.client.query('SAVEPOINT before')
        await forgery.client.query("select set_config('request.headers', '{}', true)")
        await assert.rejects(forgery.client.query('select jwt_auth.pre_request()'), { code: 'PGRST', message: /^{"code": "JW001", / })
        await forgery.client.query('ROLLBACK TO before')
        const { rows } = await forgery.client.query('SELECT jwt_auth.current_user_id() AS who, (SELECT count(*)::int FROM api.note) AS notes')
        assert.deepEqual(rows, [{ who: null, notes: 0 }])
        await forgery.client.query('COMMIT')
      } finally {
        await forgery.stop()
      }
    })

    test('of several Authorization headers none lends its role to the token of another', async () => {
      const [lou, revoked] = [await newcomer(at('lou')), await newcomer(at('max'))]
      assert.equal((await revoked.post('log_out')).status, 200)
      const bearer = (browser) => ['authorization', `Bearer ${browser.token}`]
      const asked = async (...headers) => {
        const answer = await rest.request({ path: '/note', headers })
        return [answer.status, answer.status === 200 ? undefined : answer.body.code]
      }
      assert.deepEqual(await asked(bearer(lou)), [200, undefined])
      assert.deepEqual(await asked(bearer(revoked)), [401, 'JW010'])
      assert.deepEqual(await asked(bearer(revoked), bearer(lou)), [401, 'JW001'])
      assert.deepEqual(await asked(bearer(revoked), ['authorization', 'Basic bm9ib2R5Og==']), [401, 'JW001'])
      assert.deepEqual(await asked(bearer(revoked), ['authorization', '']), [401, 'JW001'])
      assert.deepEqual(await asked(['authorization', 'Basic bm9ib2R5Og=='], bearer(lou)), [401, 'JW001'])
      assert.deepEqual(await asked(bearer(lou), bearer(lou)), [200, undefined])
    })

    test('a role that the token names but authenticator may not become', async () => {
      for (const [role, code] of [['postgres', '42501'], ['api_owner', '42501'], ['pg_read_all_data', '42501'], ['no such role', '22023']]) {
        const token = await value('SELECT jwt_auth.jwt_sign($1)', JSON.stringify({ sub: 'mallory', role }))
        const answer = await rest.request({ path: '/note', headers: { authorization: `Bearer ${token}` } })
        assert.equal(answer.body.code, code, role)
        assert.equal(answer.status, code === '42501' ? 403 : version.startsWith('12') ? 400 : 401)
        assert.equal((await rest.client.query('SELECT current_user AS role')).rows[0].role, 'authenticator')
      }
    })

    test('after a request nothing of it is left on the connection', async () => {
      const lea = await newcomer(at('lea'))
      await lea.get('/note')
      const { rows } = await rest.client.query(`SELECT current_user AS role, jwt_auth.current_user_id() AS who, current_setting('request.jwt.claims', true) AS claims,
        current_setting('request.headers', true) AS headers, current_setting('response.headers', true) AS answer, current_setting('pgrst.jwt_secret', true) AS secret`)
      assert.deepEqual(rows, [{ role: 'authenticator', who: null, claims: '', headers: '', answer: '', secret: '' }])
    })

    test('a hostile x-forwarded-for neither fails nor is believed', async () => {
      const agent = { 'user-agent': "x'; SELECT 1; --" }
      for (const [forwarded, address] of [['10.0.0.1, 203.0.113.9', '203.0.113.9'], ["'; DROP TABLE private.account; --", null], ['203.0.113.9\r\nx: y', null], ['1.2.3.4'.repeat(5000), null], [',,,,', null]]) {
        const browser = new Browser(forwarded)
        const email = at(`m${Math.random()}`)
        assert.equal((await browser.post('sign_up', { email, password: PASSWORD }, { headers: agent })).status, 200)
        const [device] = (await browser.get('/rpc/devices')).body
        assert.equal(device.ip, address)
      }
    })

    test('a bound token is refused from another address', async () => {
      await admin.query("ALTER ROLE authenticator SET jwt_auth.ip_binding = 'exact'")
      const bound = new PostgREST({ user: 'authenticator' }, { version })
      await bound.start()
      try {
        const body = { email: at('bound'), password: PASSWORD }
        const headers = { 'x-forwarded-for': '203.0.113.7' }
        const { body: { access_token: token } } = await bound.request({ method: 'POST', path: '/rpc/sign_up', headers, body })
        const from = async (address) => {
          const answer = await bound.request({ path: '/note', headers: { authorization: `Bearer ${token}`, ...(address ? { 'x-forwarded-for': address } : {}) } })
          return [answer.status, answer.status === 200 ? undefined : answer.body.code]
        }
        assert.deepEqual(await from('203.0.113.7'), [200, undefined])
        assert.deepEqual(await from('198.51.100.1, 203.0.113.7'), [200, undefined])
        assert.deepEqual(await from('203.0.113.7, 198.51.100.1'), [401, 'JW012'])
        assert.deepEqual(await from('198.51.100.1'), [401, 'JW012'])
        assert.deepEqual(await from('rubbish'), [401, 'JW012'])
        assert.deepEqual(await from(null), [401, 'JW012'])
      } finally {
        await bound.stop()
        await admin.query('ALTER ROLE authenticator RESET jwt_auth.ip_binding')
      }
    })

    test('temporary objects of the connection and hostile names do not get in between', async () => {
      const mia = await newcomer(at('mia'))
      await rest.client.query(`CREATE TEMP TABLE account (id uuid, email text, password_hash text, role text);
        CREATE TEMP TABLE signing_key (kid text, state text);
        CREATE FUNCTION pg_temp.current_setting(text, boolean) RETURNS text LANGUAGE sql AS $$ SELECT '{"authorization": "forged"}' $$`)
      assert.equal((await mia.get('/note')).status, 200)
      assert.equal((await mia.post('refresh', {}, { token: null })).body.status, 'ok')
      await rest.client.query('DISCARD TEMP')
    })

    test('a rotated key is published without a restart', async () => {
      const nia = await newcomer(at('nia'))
      await admin.query("UPDATE jwt_auth.signing_key SET state = 'verify_only' WHERE state = 'active'")
      const kid = await value("SELECT jwt_auth.create_signing_key('ES256')")
      await nia.post('refresh', {}, { token: null })
      assert.equal(jose.decodeProtectedHeader(nia.token).kid, kid)
      assert.equal((await nia.get('/note')).body.code, 'PGRST301')
      await rest.reloadConfiguration()
      assert.equal((await nia.get('/note')).status, 200)
    })

    test('a refusal is a 401 that says why, in its body and in its challenge, however little the body may say', async () => {
      const ora = await newcomer(at('ora'))
      await ora.post('log_out')
      const refused = await ora.get('/note')
      const challenge = 'Bearer error="invalid_token", error_description="session of this token has ended"'
      assert.deepEqual(refused, {
        status: 401,
        headers: { ...(version.startsWith('12') ? {} : { 'Proxy-Status': 'PostgREST; error=JW010' }), 'WWW-Authenticate': challenge },
        body: { code: 'JW010', message: 'session of this token has ended', details: 'JW010', hint: null },
      })
      const terse = new PostgREST({ user: 'authenticator' }, { version, verbosity: 'minimal' })
      await terse.start()
      try {
        const { headers, body } = await terse.request({ path: '/note', headers: { authorization: `Bearer ${ora.token}` } })
        const { details, hint, ...little } = refused.body
        assert.deepEqual([headers, body], [refused.headers, version.startsWith('16') ? little : { ...little, details, hint }])
      } finally {
        await terse.stop()
      }
    })

    test('a quote in a message does not end the description of the challenge', async () => {
      // The shape of every answer that pre_request gives: what PostgREST could not read would be a 500 with PGRST121.
      await admin.query("SET jwt_auth.postgrest_errors = 'pgrst'")
      for (const token of ['x', 'x.y.z', `${'x'.repeat(100)}"\\`, 'ä.ö.ü', `${jose.base64url.encode('{"alg":"none"}')}.e30.`]) {
        const error = await admin.query("SELECT set_config('request.headers', $1, false), jwt_auth.pre_request()", [JSON.stringify({ authorization: `Bearer ${token}` })]).catch((thrown) => thrown)
        assert.equal(error.code, 'PGRST')
        const { code, message } = JSON.parse(error.message)
        const { status, headers } = JSON.parse(error.detail)
        assert.match(code, /^JW0\d\d$/)
        assert.equal(status, 401)
        assert.match(headers['WWW-Authenticate'], /^Bearer error="invalid_token", error_description="[\x20\x21\x23-\x5b\x5d-\x7e]*"$/)
        assert.ok(message && !message.includes(token))
      }
      await admin.query('RESET request.headers')
      await admin.query('RESET jwt_auth.postgrest_errors')
    })

    test('the role in a claim of another name, in the notation of the version', async () => {
      const { rows: [{ token }] } = await admin.query(`SELECT jwt_auth.jwt_sign('{"sub": "rae", "app": {"db-roles": ["member"]}}') AS token`)
      const [own, standard] = ['.app."db-roles"[0]', '$.app["db-roles"][0]']
      const reads = { 12: [own], 13: [own], 14: [own], 16: version === '16.1' ? [standard] : [standard, own] }[parseInt(version)]
      for (const roleClaimKey of [own, standard]) {
        const options = { version, roleClaimKey }
        if (!reads.includes(roleClaimKey)) {
          assert.throws(() => new PostgREST({ user: 'authenticator' }, options), /failed to parse role-claim-key/)
          continue
        }
        const other = new PostgREST({ user: 'authenticator' }, options)
        await other.start()
        try {
          const query = ["SELECT json_build_array(current_user, jwt_auth.current_user_id()) AS body, null AS response_headers, null AS response_status", []]
          assert.deepEqual((await other.request({ path: '/note', headers: { authorization: `Bearer ${token}` }, query })).body, ['member', 'rae'])
        } finally {
          await other.stop()
        }
      }
    })

    test('a conflict between transactions: repeated up to 14, the client\'s to repeat from 16 on', async () => {
      const sal = await newcomer(at('sal'))
      await admin.query(`CREATE SEQUENCE public.attempts; GRANT USAGE ON SEQUENCE public.attempts TO member;
        CREATE FUNCTION public.conflicts() RETURNS bigint LANGUAGE plpgsql AS $$
        BEGIN
          IF nextval('public.attempts') < 3 THEN RAISE SQLSTATE '40001'; END IF;
          RETURN lastval();
        END $$`)
      const query = ['SELECT to_json(public.conflicts()) AS body, null AS response_headers, null AS response_status', []]
      const { status, body } = await rest.request({ method: 'POST', path: '/note', headers: { authorization: `Bearer ${sal.token}` }, query })
      await admin.query('DROP FUNCTION public.conflicts; DROP SEQUENCE public.attempts')
      assert.deepEqual(version.startsWith('16') ? [status, body.code] : [status, body], version.startsWith('16') ? [500, '40001'] : [200, 3])
    })

    test('keys that its library does not know are kept from it: one of them would make the whole set an HMAC secret', async () => {
      const tim = await newcomer(at('tim'))
      const key = async (...parameters) => {
        const { alg, ...rest } = await value('SELECT jwt_auth.jwk_public(jwt_auth.jwk_generate($1, kid => $2))', ...parameters)
        return rest
      }
      const [koblitz, edwards] = [await key('ES256K', 'koblitz'), { ...(await key('EdDSA', 'edwards')), alg: 'Ed25519' }]
      // So it would be with the set as its issuer publishes it.
      const secret = JSON.stringify({ keys: [koblitz, edwards] })
      assert.deepEqual(keysOf(secret, rest.traits.library), { secret })
      await admin.query("SELECT jwt_auth.trust_issuer('https://idp.example', $1)", [secret])
      await admin.query("SELECT jwt_auth.import_signing_key(jwt_auth.jwk_generate('ES256K')::text, activate => false)")
      try {
        await rest.reloadConfiguration()
        const { keys } = keysOf(rest.configuration.jwt_secret, rest.traits.library)
        assert.ok(keys?.some(({ kid }) => kid === 'edwards'), rest.configuration.jwt_secret)
        assert.equal((await tim.get('/note')).status, 200)
      } finally {
        await admin.query("SELECT jwt_auth.distrust_issuer('https://idp.example')")
        await admin.query("DELETE FROM jwt_auth.signing_key WHERE algorithm = 'ES256K'")
        await rest.reloadConfiguration()
      }
    })
  })

test('what stands in for jwt-role-claim-key and for the keys of its libraries refuses what they refuse', () => {
  for (const [text, notation] of [['role', 'JSPath'], ['$.role', 'JSPath'], ['.role', 'JSONPath'], ['$.db-role', 'JSONPath'], ['$..role', 'JSONPath'], ['', 'either']])
    assert.throws(() => claimPath(text, notation), /failed to parse/, text)
  assert.deepEqual(claimPath('$.a["b-c"][0]._d', 'JSONPath'), ['a', 'b-c', '0', '_d'])
  assert.deepEqual(claimPath('.a."b-c"[0]._d', 'JSPath'), ['a', 'b-c', '0', '_d'])
  const akp = JSON.stringify({ keys: [{ kty: 'AKP', alg: 'ML-DSA-44', pub: 'AA' }] })
  assert.deepEqual([keysOf(akp, 'hs-jose'), keysOf(akp, 'jose-jwt'), keysOf('a secret', 'hs-jose')], [{ secret: akp }, { keys: [] }, { secret: 'a secret' }])
})
