// Tells open pages what happens to their user's sessions.
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { isRefusal } from './auth.mjs'

// Listens for the database's notifications and passes on to the user's open pages those that its record bears out.
export async function tellUsers(connection, isRecorded, checkEvery) {
  const open = new Set()
  let listener
  let closed = false

  const end = (stream) => {
    clearInterval(stream.timer)
    open.delete(stream)
    stream.response.end()
  }
  const endAll = () => open.forEach(end)

  const isGood = async (stream) => {
    try {
      await stream.check()
      return true
    } catch (error) {
      if (!isRefusal(error)) console.error(error.message)
      return false
    }
  }
  // Ends a stream whose token is no longer good.
  const check = async (stream) => {
    if (!(await isGood(stream))) end(stream)
  }
  // The same from time to time, for nothing is notified when a token's time is over. At the second refusal only: at the first one the
  // notification that says why may be on its way.
  const checkAgain = async (stream) => {
    if (stream.isRefused) end(stream)
    else stream.isRefused = !(await isGood(stream))
  }

  // Any role that connects to the database may NOTIFY, and so send anything at all: it makes the user's streams look whether they
  // are still good. A page is told only what the record has too.
  const hear = async ({ payload }) => {
    try {
      const notice = JSON.parse(payload)
      const { event, user_id: user, session_id: session, at } = notice
      const streams = () => [...open].filter((stream) => stream.user === user)
      if (streams().length === 0) return
      const recorded = await isRecorded(notice)
      for (const stream of streams()) {
        if (recorded) stream.response.write(JSON.stringify({ event, at, here: session === undefined || session === stream.session }) + '\n')
        check(stream)
      }
    } catch (error) {
      console.error(`not a notification of ours: ${error.message}`)
    }
  }

  const listen = async () => {
    const client = (listener = new pg.Client(connection))
    const lost = new Promise((resolve) => client.once('end', resolve))
    client.on('error', (error) => console.error(error.message))
    client.on('notification', hear)
    await client.connect()
    await client.query('LISTEN auth_events')
    lost.then(listenAgain)
  }
  // Then the pages ask again too, for they have missed what happened meanwhile.
  const listenAgain = async () => {
    while (!closed) {
      await sleep(1000, undefined, { ref: false })
      try {
        if (!closed) await listen()
        return endAll()
      } catch (error) {
        console.error(error.message)
        listener.end().catch(() => {})
      }
    }
  }

  await listen()
  return {
    endAll,
    add: (stream) => {
      stream.timer = setInterval(checkAgain, checkEvery, stream)
      open.add(stream)
      stream.response.on('close', () => end(stream))
      stream.response.write(JSON.stringify({ event: 'listening' }) + '\n')
    },
    close: () => {
      closed = true
      endAll()
      return listener.end()
    },
  }
}
