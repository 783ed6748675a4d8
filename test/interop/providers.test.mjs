// The sets and tokens of providers.mjs, given to the functions and as trusted issuers.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { close, noticesOf, open, refusal, rolledBack, value } from './database.mjs'
import { providers } from './providers.mjs'

let hasMlDsa
before(async () => {
  await open()
  hasMlDsa = (await refusal("SELECT jwt_auth.jwk_generate('ML-DSA-44')")) === undefined
})
after(close)

const payload = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'))

for (const [name, provider] of Object.entries(providers)) {
  const { issuer, audience, set, tokens, refused } = provider

  for (const type of ['text', 'jsonb']) {
    test(`${name}: its set as ${type}`, async () => {
      const call = `SELECT jwt_auth.jwt_verify($1::text, $2::${type}, issuer => $3, audience => $4)`
      for (const token of tokens) {
        assert.deepEqual(await value(call, token, JSON.stringify(set), issuer, audience ?? null), payload(token))
      }
      for (const [token, code] of refused.filter(([, code]) => code !== 'JW014')) {
        assert.equal((await refusal(call, token, JSON.stringify(set), issuer, audience ?? null))?.code, code)
      }
    })
  }

  test(`${name}: a trusted issuer`, async () => {
    await rolledBack(async () => {
      const notices = await noticesOf(() =>
        value(
          'SELECT count(*) FROM jwt_auth.trust_issuer($1, $2, $3, token_types => $4)',
          issuer,
          JSON.stringify(set),
          audience ?? null,
          provider.trust?.token_types ?? null,
        ),
      )
      const skipped = [...(provider.skipped ?? []), ...(hasMlDsa ? [] : (provider.skippedWithoutMlDsa ?? []))]
      assert.equal(notices.length, skipped.length, notices.join('\n'))
      skipped.forEach((pattern, n) => assert.match(notices[n], pattern))
      for (const token of tokens) assert.deepEqual(await value('SELECT jwt_auth.jwt_verify($1)', token), payload(token))
      for (const [token, code, codeOfIssuer = code] of refused) {
        assert.equal(await value('SELECT error_code FROM jwt_auth.jwt_try_verify($1)', token), codeOfIssuer)
      }
    })
  })
}
