/* Cutoffs: no token from before one is accepted after it. Log-ins, refreshes, signed tokens without a session, revocations of a user
 * and of everybody, locks and the purge run at the same time, as transactions at READ COMMITTED or REPEATABLE READ with PostgreSQL's
 * rules (see refresh.pml). A verification is one look at what is committed, so the promises are asserted of each committed state.
 *
 * The clock ticks at any moment, or does not: two moments may have the same time.
 *
 * Size:     LOGINS, REFRESHES, SIGNERS, USER_CUTOFFS, ALL_CUTOFFS, LOCKS, PURGES: processes of each kind; TICKS of the clock
 * Scenario: NO_DELETION      a revocation leaves the sessions' rows: deleting them is only cleaning
 *           LOCK_ENDS        a lock ends by itself, a tick after it was asked for
 *           SAME_MOMENT      a signature is over within the tick that its token names
 *           OLD_SNAPSHOT     the cutoff for everybody may be set at REPEATABLE READ, with a snapshot from before the call
 * Faults:   FAULT_...
 */
#ifndef LOGINS
#define LOGINS 0
#endif
#ifndef REFRESHES
#define REFRESHES 0
#endif
#ifndef SIGNERS
#define SIGNERS 0
#endif
#ifndef USER_CUTOFFS
#define USER_CUTOFFS 0
#endif
#ifndef ALL_CUTOFFS
#define ALL_CUTOFFS 0
#endif
#ifndef LOCKS
#define LOCKS 0
#endif
#ifndef PURGES
#define PURGES 0
#endif
#ifndef TICKS
#define TICKS 2
#endif

#include "promise.pml"
hidden byte old_session_is_refused, new_session_is_good, old_token_is_refused, old_refresh_is_refused, locked_is_refused,
    locked_gets_nothing, end_of_lock_is_cutoff;

/* Session 0 is there when the run begins. */
#define SESSIONS (1 + LOGINS)
#define TOKENS (SIGNERS + 1)
/* Lifetime of a token without a session, in ticks. */
#define LIFETIME 2
#define READ_COMMITTED 0
#define REPEATABLE_READ 1

byte now = 1;

/* The account; a time of 0 is no cutoff. */
byte account_version, account_holder;
byte not_before;
byte locked_until;   /* 0: not locked */
#define FOREVER 255
/* Everybody's cutoff, which is read from a cache that knows what is committed. */
byte cutoff, cutoff_holder, cutoff_version;

bool alive[SESSIONS];
byte created[SESSIONS];
byte version[SESSIONS];
byte holder[SESSIONS];
bool rotated_after[SESSIONS];   /* a refresh gave out a token later than the latest cutoff */

/* Tokens without a session: when they were issued, 0 for none. */
byte issued[TOKENS];

/* What may be accepted. The code's rules, below, do not look at any of this.
 * What must not be accepted any more: its log-in or signature was over when a revocation began that is committed. */
bool doomed[SESSIONS];
bool doomed_token[TOKENS];
/* What must be accepted: its log-in began when no revocation was under way, and none came since. */
bool sound[SESSIONS];
byte revoking;      /* revocations that are under way */
byte revocations;   /* and that there were */
/* Until when the user is locked, by the lock or unlocking that was committed last. */
byte lock_holds_until;
#define USER_IS_LOCKED (now < lock_holds_until)
byte lock_ended;    /* when the last lock ended by itself; 0: none did */

/* What the code accepts: IsLocked(), UserCutoff(), JudgeSessionToken() and JudgeIssuedToken(), by the rows. */
#ifdef FAULT_LOCK_NOT_READ
#define LOCKED_BY_ROW false
#define USER_CUTOFF not_before
#else
#define LOCKED_BY_ROW (now < locked_until)
#ifdef FAULT_END_OF_LOCK_IS_NO_CUTOFF
#define USER_CUTOFF not_before
#else
#define USER_CUTOFF (locked_until > not_before -> locked_until : not_before)
#endif
#endif
#ifdef FAULT_EQUAL_TIME_PASSES
#define SURVIVES(time, limit) (time >= limit)
#else
#define SURVIVES(time, limit) (time > limit)
#endif
#ifdef FAULT_JUDGED_BY_TIME_OF_ISSUE
#define ACCEPTED_SESSION(s) \
  (alive[s] && !LOCKED_BY_ROW && (rotated_after[s] || (SURVIVES(created[s], USER_CUTOFF) && SURVIVES(created[s], cutoff))))
#else
#define ACCEPTED_SESSION(s) (alive[s] && !LOCKED_BY_ROW && SURVIVES(created[s], USER_CUTOFF) && SURVIVES(created[s], cutoff))
#endif
/* A token without a session passes if it names the cutoff's own tick. */
#define ACCEPTED_TOKEN(t) \
  (issued[t] != 0 && now < issued[t] + LIFETIME && !LOCKED_BY_ROW && issued[t] >= USER_CUTOFF && issued[t] >= cutoff)

inline promise() {
  for (k : 0 .. SESSIONS - 1) {
    /* The promise: no token from before a cutoff is accepted after it, and none of a locked user. */
    PROMISE(old_session_is_refused, !(doomed[k] && ACCEPTED_SESSION(k)));
    PROMISE(locked_is_refused, !(USER_IS_LOCKED && ACCEPTED_SESSION(k)));
    /* The promise: a session from after a cutoff is good at once. */
    PROMISE(new_session_is_good, !(sound[k] && !ACCEPTED_SESSION(k)))
  }
  for (k : 0 .. TOKENS - 1) {
    PROMISE(old_token_is_refused, !(doomed_token[k] && ACCEPTED_TOKEN(k)));
    PROMISE(locked_is_refused, !(USER_IS_LOCKED && ACCEPTED_TOKEN(k)));
    /* The promise: what was signed before a lock, or while it lasted, is not good after its end. */
    PROMISE(end_of_lock_is_cutoff, !(issued[k] < lock_ended && ACCEPTED_TOKEN(k)))
  }
  k = 0
}

/* A revocation begins: it will doom what is there now. To sign takes longer than a tick, so a token that names this tick is not
 * out yet. */
#ifdef SAME_MOMENT
#define IS_OUT(t) (issued[t] != 0)
#else
#define IS_OUT(t) (issued[t] != 0 && issued[t] < now)
#endif
inline revocation_begins() {
  revoking++;
  revocations++;
  for (k : 0 .. SESSIONS - 1) { was[k] = alive[k]; sound[k] = false }
  for (k : 0 .. TOKENS - 1) { was_issued[k] = IS_OUT(k) }
  k = 0
}
inline revocation_ends() {
  revoking--;
  for (k : 0 .. SESSIONS - 1) { doomed[k] = doomed[k] || was[k]; sound[k] = false; rotated_after[k] = false }
  for (k : 0 .. TOKENS - 1) { doomed_token[k] = doomed_token[k] || was_issued[k] }
  k = 0
}

active proctype clock() {
  byte k;
end:
  do
  :: atomic { now < TICKS -> now++; d_step { lock_ended = (now == lock_holds_until -> now : lock_ended); promise() } }
  od
}

#if LOGINS > 0
proctype login(byte me; byte mine) {
  byte isolation, snapshot, seen_user, seen_all, k, revocations_before;
  bool quiet;
  atomic {
    if
    :: isolation = READ_COMMITTED
    :: isolation = REPEATABLE_READ; snapshot = account_version
    fi
  }
  /* The call begins. */
  atomic { quiet = (revoking == 0 && !USER_IS_LOCKED); revocations_before = revocations }
  /* The account's row is written. */
  atomic {
    account_holder == 0;
    if
    :: isolation == REPEATABLE_READ && account_version != snapshot -> goto finished
    :: else
    fi;
    account_holder = me;
#ifdef FAULT_LOGIN_IGNORES_LOCK
    seen_user = not_before
#else
    seen_user = USER_CUTOFF;
    if
    :: LOCKED_BY_ROW -> account_holder = 0; goto finished
    :: else
    fi
#endif
  }
  seen_all = cutoff;
  atomic {
    created[mine] = now;
#ifndef FAULT_CREATED_BY_CLOCK_ALONE
    created[mine] = (created[mine] > seen_user -> created[mine] : seen_user + 1);
    created[mine] = (created[mine] > seen_all -> created[mine] : seen_all + 1)
#endif
  }
  atomic {
    d_step {
      alive[mine] = true;
      version[mine] = 1;
      sound[mine] = quiet && revocations == revocations_before;
      account_version++;
      account_holder = 0;
      /* The promise: a locked user cannot log in. */
      PROMISE(locked_gets_nothing, !USER_IS_LOCKED);
      promise()
    }
  }
finished:
  skip
}
#endif

#if REFRESHES > 0
proctype refresh(byte me) {
  byte isolation, snapshot, seen_version, seen_created, k;
  bool seen_alive, snapshot_alive, began_doomed, good;
#ifdef FAULT_JUDGED_BY_OLD_SNAPSHOT
  bool good_at_first;
#endif
  atomic {
    if
    :: isolation = READ_COMMITTED
    :: isolation = REPEATABLE_READ; snapshot = version[0]; snapshot_alive = alive[0]
    fi;
#ifdef FAULT_JUDGED_BY_OLD_SNAPSHOT
    good_at_first = SURVIVES(created[0], USER_CUTOFF) && SURVIVES(created[0], cutoff)
#endif
  }
  began_doomed = doomed[0] || USER_IS_LOCKED;
look:
  atomic {
    if
    :: isolation == READ_COMMITTED -> seen_alive = alive[0]; seen_version = version[0]
    :: else -> seen_alive = snapshot_alive; seen_version = snapshot
    fi;
    if
    :: !seen_alive -> goto finished
    :: else
    fi
  }
  /* Account and cutoff are read with the latest snapshot. */
#ifdef FAULT_JUDGED_BY_OLD_SNAPSHOT
  good = good_at_first;
#else
  good = SURVIVES(created[0], USER_CUTOFF) && SURVIVES(created[0], cutoff);
#endif
  if
  :: !good -> goto finished
  :: else
  fi;
  atomic {
    holder[0] == 0;
    if
    :: isolation == REPEATABLE_READ && version[0] != snapshot -> goto finished
    :: isolation == READ_COMMITTED && (!alive[0] || version[0] != seen_version) -> goto look
    :: !(isolation == READ_COMMITTED && (!alive[0] || version[0] != seen_version)) &&
       !(isolation == REPEATABLE_READ && version[0] != snapshot) -> holder[0] = me
    fi
  }
  atomic {
    d_step {
      alive[0] = true;
      version[0] = version[0] + 1;
      rotated_after[0] = true;
      holder[0] = 0;
      promise()
    };
    /* The promise, of refresh tokens. */
    PROMISE(old_refresh_is_refused, !began_doomed)
  }
finished:
  skip
}
#endif

#if SIGNERS > 0
/* A token without a session: nothing is read or locked. */
proctype signer(byte mine) {
  byte k;
  d_step { issued[mine] = now; promise() }
}
#endif

#if USER_CUTOFFS > 0 || LOCKS > 0
/* revoke_user_tokens and lock_user, which is the same and a mark. */
proctype revoke_user(byte me; bool locks) {
  byte isolation, snapshot, k, one, asked, until;
  byte seen_version[SESSIONS];
  bool seen_alive[SESSIONS];
  bool was[SESSIONS];
  bool was_issued[TOKENS];
  atomic {
    if
    :: isolation = READ_COMMITTED
    :: isolation = REPEATABLE_READ;
       d_step {
         snapshot = account_version;
         for (k : 0 .. SESSIONS - 1) { seen_alive[k] = alive[k]; seen_version[k] = version[k] }
         k = 0
       }
    fi
  }
  atomic {
    d_step { revocation_begins() };
    asked = now;
#ifdef LOCK_ENDS
    until = (locks -> now + 1 : 0)
#else
    until = (locks -> FOREVER : 0)
#endif
  }
  atomic {
    account_holder == 0;
    if
    :: isolation == REPEATABLE_READ && account_version != snapshot -> goto roll_back
    :: else -> account_holder = me
    fi
  }
  /* The clock is asked again if the row was waited for. */
  asked = now;
#ifndef NO_DELETION
  if
  :: isolation == READ_COMMITTED -> d_step {
       for (k : 0 .. SESSIONS - 1) { seen_alive[k] = alive[k]; seen_version[k] = version[k] }
       k = 0
     }
  :: else
  fi;
  do
  :: one < SESSIONS && seen_alive[one] ->
     atomic {
       holder[one] == 0;
       if
       :: isolation == REPEATABLE_READ && version[one] != seen_version[one] -> goto roll_back
       :: else -> holder[one] = (alive[one] -> me : 0)
       fi;
       one++
     }
  :: one < SESSIONS && !seen_alive[one] -> one++
  :: one == SESSIONS -> break
  od;
#endif
  atomic {
    d_step {
      for (k : 0 .. SESSIONS - 1) {
        if
        :: holder[k] == me -> holder[k] = 0; alive[k] = false; version[k] = version[k] + 1
        :: else
        fi
      }
      k = 0;
#ifndef FAULT_NO_CUTOFF
      not_before = (asked > not_before -> asked : not_before);
#endif
      locked_until = (locks -> until : locked_until);
      lock_holds_until = (locks -> until : lock_holds_until);
      account_version++;
      account_holder = 0;
      revocation_ends();
      promise()
    };
    goto finished
  }
roll_back:
  skip;
  d_step {
    revoking--;
    for (k : 0 .. SESSIONS - 1) {
      if
      :: holder[k] == me -> holder[k] = 0
      :: else
      fi
    }
    k = 0;
    if
    :: account_holder == me -> account_holder = 0
    :: else
    fi
  }
finished:
  skip
}
#endif

#if LOCKS > 0
/* unlock_user: a cutoff at that moment, if the user is locked. */
proctype unlock(byte me) {
  byte isolation, snapshot, k, asked;
  bool was[SESSIONS];
  bool was_issued[TOKENS];
end:
  atomic {
    USER_IS_LOCKED;
    if
    :: isolation = READ_COMMITTED
    :: isolation = REPEATABLE_READ; snapshot = account_version
    fi
  }
  atomic { d_step { revocation_begins() }; asked = now }
  atomic {
    account_holder == 0;
    if
    :: isolation == REPEATABLE_READ && account_version != snapshot -> goto roll_back
    :: !(isolation == REPEATABLE_READ && account_version != snapshot) && locked_until <= asked -> goto roll_back
    :: else -> account_holder = me
    fi
  }
  /* The clock is asked again if the row was waited for. */
  asked = now;
  atomic {
    d_step {
      locked_until = 0;
      lock_holds_until = 0;
      lock_ended = 0;
#ifndef FAULT_UNLOCK_IS_NO_CUTOFF
      not_before = (asked > not_before -> asked : not_before);
#endif
      account_version++;
      account_holder = 0;
      revocation_ends();
      promise()
    };
    goto finished
  }
roll_back:
  revoking--;
finished:
  skip
}
#endif

#if ALL_CUTOFFS > 0
/* revoke_all_tokens: one small write. Sessions that lie ahead of the cutoff, since the clock stood still or was set back, are
 * deleted, each user's as in revoke_user. It looks for them in what is committed, and ends with 40001 if its snapshot does not show
 * one. */
proctype revoke_all(byte me) {
  byte isolation, snapshot, snapshot_account, k, one, asked;
  byte seen_version[SESSIONS];
  bool seen_alive[SESSIONS];
  bool was[SESSIONS];
  bool was_issued[TOKENS];
  bool ahead;
  atomic {
    if
    :: isolation = READ_COMMITTED
#ifdef OLD_SNAPSHOT
    :: isolation = REPEATABLE_READ;
       d_step {
         snapshot = cutoff_version;
         snapshot_account = account_version;
         for (k : 0 .. SESSIONS - 1) { seen_alive[k] = alive[k]; seen_version[k] = version[k] }
         k = 0
       }
#endif
    fi
  }
  d_step { revocation_begins() };
  atomic {
    cutoff_holder == 0;
    if
    :: isolation == REPEATABLE_READ && cutoff_version != snapshot -> goto roll_back
    :: else -> cutoff_holder = me
    fi
  }
  d_step { asked = now; asked = (asked > cutoff -> asked : cutoff) };
  atomic {
    d_step {
      ahead = false;
      for (k : 0 .. SESSIONS - 1) {
        seen_alive[k] = (isolation == READ_COMMITTED -> alive[k] : seen_alive[k]);
#ifdef FAULT_AHEAD_BY_SNAPSHOT
        ahead = ahead || (seen_alive[k] && created[k] > asked)
#else
        ahead = ahead || (alive[k] && created[k] > asked)
#endif
      }
      k = 0
    };
#ifdef FAULT_AHEAD_IS_LEFT
    goto commit;
#endif
    if
    :: !ahead -> goto commit
    :: else
    fi
  }
  atomic {
    account_holder == 0;
    if
    :: isolation == REPEATABLE_READ && account_version != snapshot_account -> goto roll_back
    :: else -> account_holder = me
    fi;
    d_step {
      for (k : 0 .. SESSIONS - 1) {
        seen_alive[k] = (isolation == READ_COMMITTED -> alive[k] : seen_alive[k])
      }
      k = 0
    }
  }
  do
  :: one < SESSIONS && seen_alive[one] && created[one] > asked ->
     atomic {
       holder[one] == 0;
       if
       :: isolation == REPEATABLE_READ && version[one] != seen_version[one] -> goto roll_back
       :: else -> holder[one] = (alive[one] -> me : 0)
       fi;
       one++
     }
  :: one < SESSIONS && !(seen_alive[one] && created[one] > asked) -> one++
  :: one == SESSIONS -> break
  od;
  atomic {
    d_step {
      ahead = false;
      for (k : 0 .. SESSIONS - 1) {
        ahead = ahead || (isolation == REPEATABLE_READ && holder[k] != me && alive[k] && created[k] > asked)
      }
      k = 0
    };
    if
    :: ahead -> goto roll_back
    :: else
    fi
  }
commit:
  atomic {
    d_step {
      for (k : 0 .. SESSIONS - 1) {
        if
        :: holder[k] == me -> holder[k] = 0; alive[k] = false; version[k] = version[k] + 1
        :: else
        fi
      }
      k = 0;
      cutoff = asked;
      cutoff_version++;
      cutoff_holder = 0;
      if
      :: account_holder == me -> account_holder = 0; account_version++
      :: else
      fi;
      revocation_ends();
      promise()
    };
    goto finished
  }
roll_back:
  skip;
  d_step {
    revoking--;
    for (k : 0 .. SESSIONS - 1) {
      if
      :: holder[k] == me -> holder[k] = 0
      :: else
      fi
    }
    k = 0;
    if
    :: account_holder == me -> account_holder = 0
    :: else
    fi;
    if
    :: cutoff_holder == me -> cutoff_holder = 0
    :: else
    fi
  }
finished:
  skip
}
#endif

#if PURGES > 0
/* purge_expired: sessions from before everybody's cutoff, and accounts whose cutoff can refuse nothing any more. It waits for
 * nobody. At REPEATABLE READ a row that has changed since the snapshot ends the batch, which then has done nothing. Sessions are
 * found and deleted with one snapshot, so their isolation makes no difference. */
proctype purge(byte me) {
  byte isolation, snapshot, k, one, asked;
  bool has_session;
  do
  :: one < SESSIONS -> atomic {
       if
       :: holder[one] == 0 && alive[one] && !SURVIVES(created[one], cutoff) -> alive[one] = false; version[one] = version[one] + 1
       :: else
       fi;
       one++
     }
  :: one == SESSIONS -> break
  od;
  /* A batch of accounts begins. */
  atomic {
    asked = now;
    if
    :: isolation = READ_COMMITTED
    :: isolation = REPEATABLE_READ;
       d_step {
         snapshot = account_version;
         for (k : 0 .. SESSIONS - 1) { has_session = has_session || alive[k] }
         k = 0
       }
    fi
  }
  /* SELECT ... FOR UPDATE SKIP LOCKED */
  atomic {
    if
    :: account_holder != 0 -> goto finished
    :: account_holder == 0 && isolation == REPEATABLE_READ && account_version != snapshot -> goto finished
    :: else -> account_holder = me
    fi
  }
  atomic {
    d_step {
      /* The statement after it has a snapshot of its own at READ COMMITTED. */
      for (k : 0 .. SESSIONS - 1) { has_session = has_session || (isolation == READ_COMMITTED && alive[k]) }
      k = 0;
      account_holder = 0;
      if
#ifdef FAULT_ACCOUNT_PURGED_EARLY
      :: !has_session && asked + 2 >= not_before + LIFETIME && (locked_until == 0 || asked >= locked_until + LIFETIME) ->
#elif defined(FAULT_PURGE_IGNORES_LOCK)
      :: !has_session && asked >= not_before + LIFETIME ->
#else
      :: !has_session && asked >= not_before + LIFETIME && (locked_until == 0 || asked >= locked_until + LIFETIME) ->
#endif
         not_before = 0;
         locked_until = 0;
         account_version++
      :: else
      fi;
      promise()
    }
  }
finished:
  skip
}
#endif

init {
  atomic {
    byte n = 1;
    alive[0] = true;
    version[0] = 1;
    created[0] = 1;
#if LOGINS > 0
    for (n : 1 .. LOGINS) { run login(n, n) }
#endif
#if REFRESHES > 0
    for (n : 1 .. REFRESHES) { run refresh(20 + n) }
#endif
#if SIGNERS > 0
    for (n : 1 .. SIGNERS) { run signer(n) }
#endif
#if USER_CUTOFFS > 0
    for (n : 1 .. USER_CUTOFFS) { run revoke_user(40 + n, false) }
#endif
#if LOCKS > 0
    for (n : 1 .. LOCKS) { run revoke_user(60 + n, true); run unlock(80 + n) }
#endif
#if ALL_CUTOFFS > 0
    for (n : 1 .. ALL_CUTOFFS) { run revoke_all(100 + n) }
#endif
#if PURGES > 0
    for (n : 1 .. PURGES) { run purge(120 + n) }
#endif
  }
}
