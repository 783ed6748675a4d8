/* One session over its whole life: what its client, a thief and a failover can come to. Calls are atomic here; refresh.pml shows
 * that the database makes them so.
 *
 * Size:     STEPS    presentations in a run
 * Scenario: RETRY_NEVER    jwt_auth.late_retry = never
 *           TWICE          the client may also lose the answer of the late retry
 *           SUCCESSIVE     the client may lose answers of two successive rotations
 *           THIEF_OLD      a thief who copied one token presents it, or what came of it, whenever it is not the current one
 *           THIEF_SHARES   a thief and the client go on with copies of one token, in turns and outside the interval
 *           FORGER         a thief who writes any generation into the tokens that he copied, and may alter their secret
 *           FAILOVER       a standby takes over that lacks the last commits
 *           TABS           with FAILOVER: an answer of the old server arrives after one of the new server, as between two tabs
 * Faults:   FAULT_...      a rule that is broken on purpose: a property must then fail
 */
#ifndef STEPS
#define STEPS 8
#endif
#include "rules.pml"
#include "promise.pml"
hidden byte client_keeps_session, failover_is_no_theft, old_token_is_event, second_turn_is_refused, thief_is_reported,
    found_out_in_time;

#define TOKENS (STEPS + 2)
#define NOBODY 0
/* A token of the session with an altered secret: no row has ever had it. */
#define ALTERED 255
#define CLIENT 1
#define THIEF 2

/* The session's row. Tokens are numbered as they are made; number 0 is none. */
typedef Row {
  bool alive;
  byte generation;
  byte current;
  byte previous;
  bool retried_late;
  byte late_generation;
}
Row row;
/* Whether now is within the interval of the latest rotation, and of the latest late retry. */
bool rotated_lately;
bool retried_lately;

byte made;                     /* tokens so far */
byte generation_of[TOKENS];
byte steps;

byte answer;                   /* the refresh token of the last answer, 0 if it was refused */
byte cell_token, cell_window, cell_late;

/* `claimed` is the generation that is written in the token, `proven` whether the token's proof of it is right (see below). */
inline classify(token, claimed, proven) {
  if
  :: token == row.current -> cell_token = TOKEN_CURRENT
  :: token != row.current && token == row.previous -> cell_token = TOKEN_PREVIOUS
  :: token != row.current && token != row.previous && proven && claimed > row.generation ->
#ifdef FAULT_NEWER_IS_OLD
     cell_token = TOKEN_OLD
#else
     cell_token = TOKEN_NEWER
#endif
  :: else -> cell_token = TOKEN_OLD
  fi;
  cell_window = (rotated_lately -> WINDOW_INSIDE : WINDOW_OUTSIDE);
#ifdef RETRY_NEVER
  cell_late = LATE_OFF
#else
  if
#ifdef FAULT_LATE_IN_EACH_GENERATION
  :: !row.retried_late || row.generation >= row.late_generation + 1 -> cell_late = LATE_FIRST
#elif defined(FAULT_LATE_ONCE_FOR_ALL)
  :: !row.retried_late -> cell_late = LATE_FIRST
#else
  :: !row.retried_late || row.generation >= row.late_generation + 2 -> cell_late = LATE_FIRST
#endif
#ifdef FAULT_LATE_AGAIN_FOR_EVER
  :: else -> cell_late = (row.generation == row.late_generation -> LATE_AGAIN : LATE_SPENT)
#else
  :: else -> cell_late = (row.generation == row.late_generation && retried_lately -> LATE_AGAIN : LATE_SPENT)
#endif
  fi
#endif
}

inline rotate() {
  made++;
  generation_of[made] = row.generation + 1;
  row.generation++;
  row.previous = row.current;
  row.current = made;
  rotated_lately = true;
  answer = made
}

/* What refresh_session does with a token. A token has a MAC of the server's over its generation and its secret
 * (RefreshToken::ProvesGeneration), so one with another generation or another secret proves nothing. */
inline present(token, claimed, proven) {
  steps++;
  answer = 0;
  if
  :: !row.alive -> out_status = STATUS_INVALID; out_event = EVENT_NONE; out_writes = WRITES_NOTHING
  :: else ->
     classify(token, claimed, proven);
     decide(FAMILY_RIGHT, END_NONE, BINDING_HOLDS, cell_token, cell_window, cell_late, ELSEWHERE_NO);
     if
     :: out_writes != WRITES_NOTHING -> remember()
     :: else
     fi;
     if
     :: out_writes == WRITES_ROTATION -> rotate()
     :: out_writes == WRITES_LATE ->
        row.retried_late = true;
        row.late_generation = row.generation;
        retried_lately = true;
        answer = row.current
     :: out_writes == WRITES_DELETE -> row.alive = false
     :: else -> answer = (out_status == STATUS_REPLAYED -> row.current : 0)
     fi
  fi
}

#ifdef FAILOVER
/* What a standby that lags by up to two commits still has. A presentation that writes nothing commits nothing. */
Row one_back;
Row two_back;
byte failovers;
inline copy(to, from) {
  to.alive = from.alive; to.generation = from.generation; to.current = from.current; to.previous = from.previous;
  to.retried_late = from.retried_late; to.late_generation = from.late_generation
}
inline remember() { copy(two_back, one_back); copy(one_back, row) }
#else
inline remember() { skip }
#endif

/* The client. One request at a time: it presents the token that it has, and takes the new one if the answer arrives. */
byte held;
byte lost;         /* answers of this rotation that it lost */
bool lost_before;  /* and whether it lost one of the rotation before */
bool may_lose;
#ifdef TABS
byte delayed;      /* the last of the answers that it lost */
#endif

inline client_presents() {
  present(held, generation_of[held], true);
#if !defined(THIEF_OLD) && !defined(THIEF_SHARES) && !defined(FORGER)
#ifndef FAILOVER
  /* The promise: a client that presents one request at a time and loses no answer in two successive rotations keeps its session. */
  PROMISE(client_keeps_session, answer != 0);
#else
  /* The promise: a failover is never called theft. */
  PROMISE(failover_is_no_theft, out_event != EVENT_REUSE_DETECTED);
#endif
#endif
  if
  :: out_status == STATUS_OK -> lost_before = (lost > 0); lost = 0
  :: else
  fi;
#ifdef RETRY_NEVER
  may_lose = false;
#else
  may_lose = (lost == 0 && !lost_before);
#endif
#ifdef TWICE
  may_lose = !lost_before;
#endif
#ifdef SUCCESSIVE
  may_lose = (lost == 0);
#endif
  if
  :: answer != 0 -> held = answer
  :: answer != 0 && may_lose ->
     lost++;
#ifdef TABS
     delayed = answer
#endif
  :: else
  fi
}

inline begin() {
  made = 1;
  row.alive = true;
  row.current = 1;
  held = 1;
#ifdef FAILOVER
  copy(one_back, row);
  copy(two_back, row)
#endif
}

/* The thief copies one token, once: the client's, or one that the session had before. */
byte stolen;
#ifdef FORGER
byte forged, forged_generation;   /* what he presents */
#endif
byte served;       /* answers with tokens that the thief got for a token that was no longer the current one */
byte turns;        /* how often the one who presents has changed */
byte last;         /* who presented last */

inline took_turn(who) {
  if
  :: last != who -> turns++; last = who
  :: else
  fi
}

init {
  d_step { begin() }
  do
#ifdef FAILOVER
  /* A standby may have a session that its primary has ended. */
  :: steps < STEPS && (row.alive || failovers < 2) ->
#else
  :: steps < STEPS && row.alive ->
#endif
     if
#ifdef THIEF_SHARES
     /* Outside the interval: both wait until it is over. */
     :: !rotated_lately && !retried_lately -> atomic {
          client_presents();
          if
          :: stolen != 0 -> took_turn(CLIENT)
          :: else
          fi
        }
     :: stolen != 0 && !rotated_lately && !retried_lately -> atomic {
          present(stolen, generation_of[stolen], true);
          took_turn(THIEF);
          stolen = (answer != 0 -> answer : stolen)
        }
     :: stolen == 0 -> stolen = held; last = CLIENT
#else
     :: atomic { client_presents() }
#endif
#if defined(THIEF_OLD) || defined(FORGER)
     :: stolen == 0 -> atomic {
          select(stolen : 1 .. made);
          if
          :: stolen <= held
          :: else -> stolen = held
          fi
        }
#endif
#ifdef THIEF_OLD
     :: stolen != 0 && stolen != row.current && !rotated_lately && !retried_lately -> atomic {
          present(stolen, generation_of[stolen], true);
          if
          :: answer != 0 ->
             served++;
             stolen = answer;
             /* The promise: who presents once is an event. */
             PROMISE(old_token_is_event, out_event == EVENT_LATE_REPLAY)
          :: else
          fi;
          /* The promise: a thief who goes on presenting old tokens outside the interval is refused at the second turn. */
          PROMISE(second_turn_is_refused, served <= 1)
        }
#endif
#ifdef FORGER
     :: stolen != 0 -> atomic {
          if
          :: forged = stolen
          :: forged = ALTERED
          fi;
          select(forged_generation : 0 .. made + 1);
#ifdef FAULT_GENERATION_UNAUTHENTICATED
          present(forged, forged_generation, true);
#else
          present(forged, forged_generation, (forged == stolen && forged_generation == generation_of[stolen]));
#endif
          /* The promise: a refused thief is reported as one. */
          PROMISE(thief_is_reported, answer != 0 || out_event == EVENT_REUSE_DETECTED);
          stolen = (answer != 0 -> answer : stolen);
          forged = 0;
          forged_generation = 0
        }
#endif
#ifdef TABS
     :: delayed != 0 -> atomic { held = delayed; delayed = 0 }
#endif
     /* Time passes. */
     :: rotated_lately -> atomic {
          rotated_lately = false;
          if
          :: retried_lately = false
          :: retried_lately
          fi
        }
     :: retried_lately -> retried_lately = false
#ifdef FAILOVER
     :: failovers < 2 -> atomic {
          failovers++;
          if
          :: copy(row, one_back)
          :: copy(row, two_back)
          fi;
          copy(one_back, row);
          copy(two_back, row);
          rotated_lately = false;
          if
          :: true
          :: rotated_lately = true
          fi
        }
#endif
     fi
  :: else -> break
  od
#ifdef THIEF_SHARES
  /* The promise: two who go on with copies of one token are found out at the second turn of the one who is behind. */
  ;PROMISE(found_out_in_time, turns <= TURNS)
#endif
}
