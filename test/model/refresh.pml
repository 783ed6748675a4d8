/* Calls of refresh_session for one session that run at the same time, step by step as the extension makes them: a plain look, a
 * decision, then compare and swap, or a second look at the locked row. Each caller is a transaction at READ COMMITTED or REPEATABLE
 * READ with PostgreSQL's rules: a snapshot per statement or per transaction, row locks that are held until the end, and, at REPEATABLE
 * READ, 40001 for a row that has changed since the snapshot.
 *
 * Size:     CALLERS  CALLS of each
 * Scenario: TABS     two tabs of one client wake together, within the interval: neither may be refused
 *           REVOKER  the session is ended meanwhile by somebody else
 * Faults:   FAULT_...
 */
#ifndef CALLERS
#define CALLERS 2
#endif
#ifndef CALLS
#define CALLS 2
#endif
#include "rules.pml"
#include "promise.pml"
hidden byte ended_hands_out_nothing, one_successor, tabs_stay_logged_in;

#define TOKENS (CALLERS * CALLS + 3)
#define READ_COMMITTED 0
#define REPEATABLE_READ 1

/* The row as it is committed, its version, and the transaction that holds its lock. */
typedef Row {
  bool alive;
  byte version;
  byte generation;
  byte current;
  byte previous;
  bool retried_late;
  byte late_generation;
}
Row row;
byte holder;
bool rotated_lately;
bool retried_lately;

byte made;
byte generation_of[TOKENS];
byte successor[TOKENS];   /* that was handed out for each token; 0: none yet */
bool over;                /* the end of the session is committed */

byte cell_token, cell_window, cell_late;

inline classify(seen, token) {
  if
  :: token == seen.current -> cell_token = TOKEN_CURRENT
  :: token != seen.current && token == seen.previous -> cell_token = TOKEN_PREVIOUS
  :: else -> cell_token = (generation_of[token] > seen.generation -> TOKEN_NEWER : TOKEN_OLD)
  fi;
#ifdef FAULT_WINDOW_NEVER_OPENS
  cell_window = WINDOW_OUTSIDE;
#else
  cell_window = (rotated_lately -> WINDOW_INSIDE : WINDOW_OUTSIDE);
#endif
#ifdef RETRY_NEVER
  cell_late = LATE_OFF
#else
  if
  :: !seen.retried_late || seen.generation >= seen.late_generation + 2 -> cell_late = LATE_FIRST
  :: else -> cell_late = (seen.generation == seen.late_generation && retried_lately -> LATE_AGAIN : LATE_SPENT)
  fi
#endif
}

inline copy(to, from) {
  to.alive = from.alive; to.version = from.version; to.generation = from.generation; to.current = from.current;
  to.previous = from.previous; to.retried_late = from.retried_late; to.late_generation = from.late_generation
}

/* Decides on a row as it was seen; what is answered and to be written stays in the caller's variables. */
inline judge() {
  if
  :: !seen.alive -> status = STATUS_INVALID; writes = WRITES_NOTHING
  :: else ->
     classify(seen, token);
     decide(FAMILY_RIGHT, END_NONE, BINDING_HOLDS, cell_token, cell_window, cell_late, ELSEWHERE_NO);
     status = out_status;
     writes = out_writes
  fi
}

#define HANDS_OUT (status == STATUS_OK || status == STATUS_REPLAYED)

proctype caller(byte me; byte first) {
  byte token = first;
  byte calls, isolation, status, writes, answer;
  bool began_over;
  Row seen;
  Row snapshot;

next:
  if
  :: calls == CALLS -> goto finished
  :: else -> calls++
  fi;
  /* The transaction begins. At REPEATABLE READ an earlier statement of it may have taken the snapshot long before the call. */
  atomic {
    if
    :: isolation = READ_COMMITTED
    :: isolation = REPEATABLE_READ; copy(snapshot, row)
    fi
  }
  /* The call begins. */
  began_over = over;
  answer = 0;

look:
  atomic {
    if
    :: isolation == READ_COMMITTED -> copy(seen, row)
    :: else -> copy(seen, snapshot)
    fi;
    judge()
  }
  if
  :: writes == WRITES_ROTATION -> goto swap
  :: writes != WRITES_ROTATION && (writes != WRITES_NOTHING || HANDS_OUT) ->
#ifdef FAULT_NO_LOCKED_LOOK
     goto act
#else
     goto locked_look
#endif
  :: else -> goto commit
  fi;

locked_look:
  /* SELECT ... FOR NO KEY UPDATE */
  atomic {
    (holder == 0 || holder == me);
    if
    :: isolation == REPEATABLE_READ && row.version != snapshot.version -> goto roll_back
    :: else
    fi;
    copy(seen, row);
    if
    :: seen.alive -> holder = me
    :: else
    fi;
    judge()
  }
  if
  :: writes == WRITES_ROTATION -> goto swap
  :: else -> goto act
  fi;

swap:
  /* UPDATE ... WHERE current_hash = the hash that was presented */
  atomic {
    (holder == 0 || holder == me);
    if
    :: isolation == REPEATABLE_READ && row.version != snapshot.version -> goto roll_back
#ifdef FAULT_NO_COMPARE
    :: !(isolation == REPEATABLE_READ && row.version != snapshot.version) && row.alive ->
#else
    :: !(isolation == REPEATABLE_READ && row.version != snapshot.version) && row.alive && row.current == token ->
#endif
       holder = me;
       made++;
       answer = made;
       goto commit
    :: else -> goto look
    fi
  }

act:
  /* A replay computes the successor from the presented token and the row. */
  if
  :: HANDS_OUT -> answer = seen.current
  :: else
  fi;

commit:
  /* The transaction goes on, and then rolls back or commits. */
  if
  :: goto roll_back
  :: true
  fi;
  atomic {
    if
    :: writes == WRITES_ROTATION ->
       row.generation++;
       generation_of[answer] = row.generation;
       row.previous = row.current;
       row.current = answer;
       row.version++;
       rotated_lately = true
    :: writes == WRITES_LATE ->
       row.retried_late = true;
       row.late_generation = row.generation;
       row.version++;
       retried_lately = true
    :: writes == WRITES_DELETE ->
       if
       :: row.alive -> row.alive = false; row.version++; over = true
       :: else
       fi
    :: writes == WRITES_NOTHING
    fi;
    if
    :: answer != 0 ->
       /* The promise: an ended session hands out nothing. */
       PROMISE(ended_hands_out_nothing, !began_over);
       /* The promise: a token has one successor. */
       PROMISE(one_successor, successor[token] == 0 || successor[token] == answer);
       successor[token] = answer
    :: else
    fi;
#ifdef TABS
    /* The promise: two tabs that wake together stay logged in. */
    PROMISE(tabs_stay_logged_in, HANDS_OUT);
#endif
    if
    :: holder == me -> holder = 0
    :: else
    fi;
    /* The answer arrives, or the client goes on with the token that it has. */
    if
    :: answer != 0 -> token = answer
    :: true
    fi
  }
  goto next;

roll_back:
  atomic {
    if
    :: holder == me -> holder = 0
    :: else
    fi
  }
  goto next;
finished:
  skip
}

#ifdef REVOKER
active proctype revoker() {
  byte isolation, snapshot;
  atomic {
    if
    :: isolation = READ_COMMITTED
    :: isolation = REPEATABLE_READ; snapshot = row.version
    fi
  }
  atomic {
    holder == 0;
    if
    :: isolation == REPEATABLE_READ && row.version != snapshot -> goto finished
    :: else -> holder = 255
    fi
  }
  atomic {
    if
    :: row.alive -> row.alive = false; row.version++; over = true
    :: else
    fi;
    holder = 0
  }
finished:
  skip
}
#endif

#ifndef TABS
active proctype clock() {
end:
  do
  :: rotated_lately -> rotated_lately = false
  :: retried_lately -> retried_lately = false
  od
}
#endif

init {
  atomic {
    byte i;
    made = 2;
    row.alive = true;
    row.generation = 1;
    generation_of[2] = 1;
    row.current = 2;
    row.previous = 1;
    successor[1] = 2;
    for (i : 1 .. CALLERS) {
#ifdef TABS
      run caller(i, 2)
#else
      /* Somebody has the current token, somebody else the one before. */
      if
      :: run caller(i, 2)
      :: run caller(i, 1)
      fi
#endif
    }
  }
}
