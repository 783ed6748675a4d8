// One connection to the server under test; PGHOST, PGUSER and PGDATABASE say where.
import pg from 'pg'

const client = new pg.Client()

export const open = () => client.connect()
export const close = () => client.end()

// The first column of the only row.
export async function value(sql, ...parameters) {
  const { rows } = await client.query({ text: sql, values: parameters, rowMode: 'array' })
  if (rows.length !== 1) throw new Error(`expected one row, got ${rows.length}`)
  return rows[0][0]
}

export async function row(sql, ...parameters) {
  const { rows } = await client.query(sql, parameters)
  if (rows.length !== 1) throw new Error(`expected one row, got ${rows.length}`)
  return rows[0]
}

// The error that the statement ends with; undefined if there is none.
export async function refusal(sql, ...parameters) {
  try {
    await client.query(sql, parameters)
  } catch (error) {
    return error
  }
}

// Runs what changes keys or issuers, which the other files' tests share, in a transaction that leaves nothing behind.
export async function rolledBack(work) {
  await client.query('BEGIN')
  try {
    return await work()
  } finally {
    await client.query('ROLLBACK')
  }
}

// The messages of the notices and warnings that came while the work was done.
export async function noticesOf(work) {
  const messages = []
  const keep = (notice) => messages.push([notice.message, notice.detail].filter(Boolean).join(': '))
  client.on('notice', keep)
  try {
    await work()
  } finally {
    client.off('notice', keep)
  }
  return messages
}

export const sign = (claims, key, algorithm) =>
  value('SELECT jwt_auth.jwt_sign($1::jsonb, $2::text, $3::text)', JSON.stringify(claims), key, algorithm)

export const verify = (token, key, options = {}) =>
  value(
    'SELECT jwt_auth.jwt_verify($1::text, $2::text, algorithms => $3::text[], issuer => $4, audience => $5)',
    token,
    key,
    options.algorithms ?? null,
    options.issuer ?? 'https://issuer.example',
    options.audience ?? 'interop',
  )
