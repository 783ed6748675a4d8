/* Log-ins of one user that run at the same time: the limit, its policies, classes and devices, beside refreshes and a revocation.
 * Transactions at READ COMMITTED or REPEATABLE READ with PostgreSQL's rules (see refresh.pml).
 *
 * A log-in writes the account's row, counts the live sessions of its class, chooses which make room, deletes them and inserts its own.
 *
 * Size:     LOGINS, REFRESHES, REVOCATIONS: processes of each kind; HAD: sessions before; LIMIT: of each class
 * Scenario: EVICT_OLDEST, EVICT_IDLE or REJECT
 *           CLASSES   log-ins of two classes, counted apart
 *           DEVICES   each log-in replaces the session of its device
 *           IDLE      at some moment the idle time of all sessions runs out that were not refreshed
 * Faults:   FAULT_...
 */
#ifndef LOGINS
#define LOGINS 2
#endif
#ifndef REFRESHES
#define REFRESHES 0
#endif
#ifndef REVOCATIONS
#define REVOCATIONS 0
#endif
#ifndef HAD
#define HAD 1
#endif
#ifndef LIMIT
#define LIMIT 1
#endif
#if !defined(EVICT_OLDEST) && !defined(EVICT_IDLE) && !defined(REJECT)
#define EVICT_OLDEST
#endif

#include "promise.pml"
hidden byte within_limit, one_session_per_device, evicted_was_idle;

#define SESSIONS (HAD + LOGINS)
#define READ_COMMITTED 0
#define REPEATABLE_READ 1

byte account_version;
byte account_holder;

/* Sessions in the order of their ids, which is the order of their creation. */
bool alive[SESSIONS];
byte version[SESSIONS];     /* raised by each committed change; of a session that is live, its generation as well */
byte holder[SESSIONS];
byte used[SESSIONS];        /* when it was last refreshed, as a count of everything that happened */
byte class[SESSIONS];
byte device[SESSIONS];
bool refreshed[SESSIONS];   /* the row says that its idle time ends later */
bool is_late;               /* the idle time of the others has run out */
byte happened;

#define IS_LIVE(row, one, late) (row alive[one] && (!late || row refreshed[one]))
byte next_session;

inline promise() {
  d_step {
    byte at, other, live;
    for (at : 0 .. SESSIONS - 1) {
      live = 0;
      for (other : 0 .. SESSIONS - 1) {
        live = live + (IS_LIVE(, other, is_late) && class[other] == class[at] -> 1 : 0);
#ifdef DEVICES
        /* The promise: a device has one session. */
        PROMISE(one_session_per_device,
                !(other != at && IS_LIVE(, other, is_late) && IS_LIVE(, at, is_late) && class[other] == class[at] && device[other] == device[at]))
#endif
      }
      /* The promise: never more live sessions than the limit. */
      PROMISE(within_limit, live <= LIMIT)
    }
    at = 0; other = 0; live = 0
  }
}

/* A snapshot: of each row whether it is there, its version, and what is ordered by. */
inline look_at_all(statement) {
  d_step {
    statement.account_version = account_version;
    for (i : 0 .. SESSIONS - 1) {
      statement.alive[i] = alive[i];
      statement.version[i] = version[i];
      statement.refreshed[i] = refreshed[i];
      statement.used[i] = used[i]
    }
    i = 0
  }
}
typedef Snapshot {
  byte account_version;
  bool alive[SESSIONS];
  byte version[SESSIONS];
  bool refreshed[SESSIONS];
  byte used[SESSIONS];
}

proctype login(byte me) {
  byte isolation, i, mine, count, chosen, my_class, my_device;
  bool deleted[SESSIONS];
  bool replaced, now_late;
  Snapshot snapshot;
  Snapshot seen;

  atomic {
    if
    :: isolation = READ_COMMITTED
    :: isolation = REPEATABLE_READ; look_at_all(snapshot)
    fi;
#ifdef CLASSES
    if
    :: my_class = 0
    :: my_class = 1
    fi;
#endif
#ifdef DEVICES
    if
    :: my_device = 0
    :: my_device = 1
    fi;
#endif
  }

  /* The account is written, not only locked. */
#ifndef FAULT_NO_ACCOUNT
  atomic {
    account_holder == 0;
    if
    :: isolation == REPEATABLE_READ && account_version != snapshot.account_version -> goto roll_back
    :: else -> account_holder = me
    fi
  }
#endif

choose:
  now_late = is_late;
#if defined(IDLE) && !defined(FAULT_IDLE_NOT_WAITED)
  /* A session that seems to be over is locked: whoever writes it may keep it alive. */
  i = 0;
  do
  :: i < HAD ->
     atomic {
       holder[i] == 0 || holder[i] == me || !alive[i] || !now_late || refreshed[i];
       if
       :: isolation == REPEATABLE_READ && now_late && snapshot.alive[i] && !snapshot.refreshed[i] &&
          version[i] != snapshot.version[i] -> goto roll_back
       :: else -> i++
       fi
     }
  :: else -> break
  od;
#endif
  atomic {
    i = 0;
    if
    :: isolation == READ_COMMITTED -> look_at_all(seen)
    :: else -> look_at_all(seen); d_step {
         /* The transaction's own snapshot. */
         for (i : 0 .. SESSIONS - 1) {
           seen.alive[i] = snapshot.alive[i];
           seen.version[i] = snapshot.version[i];
           seen.refreshed[i] = snapshot.refreshed[i];
           seen.used[i] = snapshot.used[i]
         }
         i = 0
       }
    fi;
    d_step {
      count = 0;
      chosen = SESSIONS;
      for (i : 0 .. SESSIONS - 1) {
        if
        :: (IS_LIVE(seen., i, now_late) && !deleted[i] &&
#ifdef FAULT_OWN_CLASS_NOT_COUNTED
           class[i] == 0) ->
#else
           class[i] == my_class) ->
#endif
           count++;
           if
#ifdef EVICT_IDLE
           :: chosen == SESSIONS || seen.used[i] < seen.used[chosen] -> chosen = i
#else
           :: chosen == SESSIONS -> chosen = i
#endif
           :: else
           fi
        :: else
        fi
      }
      i = 0;
#if defined(DEVICES) && !defined(FAULT_DEVICE_NOT_REPLACED)
      /* The session of the same device goes first, and the limit is counted without it. */
      replaced = false;
      for (i : 0 .. SESSIONS - 1) {
        if
        :: IS_LIVE(seen., i, now_late) && !deleted[i] && class[i] == my_class && device[i] == my_device -> chosen = i; replaced = true
        :: else
        fi
      }
      i = 0
#endif
    }
  }
  if
#ifdef FAULT_LIMIT_BY_ONE
  :: count <= LIMIT && !replaced -> goto insert
  :: (count > LIMIT || replaced) && count > 0 -> skip
#else
  :: count < LIMIT && !replaced -> goto insert
  :: (count >= LIMIT || replaced) && count > 0 -> skip
#endif
  fi;
#ifdef REJECT
  if
  :: !replaced -> goto roll_back
  :: else
  fi;
#endif

  /* DELETE, of evict_idle only as it was seen. */
  atomic {
    (holder[chosen] == 0 || holder[chosen] == me);
    if
    :: isolation == REPEATABLE_READ && version[chosen] != snapshot.version[chosen] -> goto roll_back
    :: else ->
       if
#if defined(EVICT_IDLE) && !defined(FAULT_DELETES_WHAT_IT_SAW_IDLE)
       :: alive[chosen] && version[chosen] != seen.version[chosen] && !replaced -> skip
       :: alive[chosen] && !(version[chosen] != seen.version[chosen] && !replaced) ->
#else
       :: alive[chosen] ->
#endif
#ifdef EVICT_IDLE
          /* The promise: what is evicted as idle was not refreshed since it was chosen. */
          PROMISE(evicted_was_idle, replaced || used[chosen] == seen.used[chosen]);
#endif
          holder[chosen] = me;
          deleted[chosen] = true
       /* Somebody else deleted it. */
       :: !alive[chosen] -> deleted[chosen] = true
       fi
    fi
  }
  goto choose;

insert:
  skip;

  /* Commit. */
  atomic {
    d_step {
      mine = next_session;
      next_session++;
      happened++;
      alive[mine] = true;
      refreshed[mine] = true;
      class[mine] = my_class;
      device[mine] = my_device;
      used[mine] = happened;
      version[mine] = version[mine] + 1;
      for (i : 0 .. SESSIONS - 1) {
        if
        :: holder[i] == me -> holder[i] = 0; alive[i] = false; version[i] = version[i] + 1
        :: else
        fi
      }
      i = 0;
#ifndef FAULT_NO_ACCOUNT
#ifndef FAULT_ACCOUNT_ONLY_LOCKED
      account_version++;
#endif
      account_holder = 0
#endif
    };
    promise();
    goto finished
  }

roll_back:
  skip;
  d_step {
    for (i : 0 .. SESSIONS - 1) {
      if
      :: holder[i] == me -> holder[i] = 0
      :: else
      fi
    }
    i = 0;
    if
    :: account_holder == me -> account_holder = 0
    :: else
    fi
  }
finished:
  skip
}

#if REFRESHES > 0
/* A rotation; its look and its decision are refresh.pml's subject. */
proctype refresh(byte me) {
  byte isolation, snapshot, one;
  atomic {
    select(one : 0 .. HAD - 1);
    if
    :: isolation = READ_COMMITTED
    :: isolation = REPEATABLE_READ; snapshot = version[one]
    fi
  }
  atomic {
    holder[one] == 0;
    if
    :: IS_LIVE(, one, is_late) && !(isolation == REPEATABLE_READ && version[one] != snapshot) -> holder[one] = me
    :: else -> goto finished
    fi
  }
  atomic {
    d_step { happened++; used[one] = happened; version[one] = version[one] + 1; holder[one] = 0; refreshed[one] = true };
    promise()
  }
finished:
  skip
}
#endif

#if REVOCATIONS > 0
/* Every session of the user ends. The account first, as for a log-in: this order is what excludes deadlocks. */
proctype revoke(byte me) {
  byte isolation, snapshot, i, one;
  bool seen[SESSIONS];
  byte seen_version[SESSIONS];
  atomic {
    if
    :: isolation = READ_COMMITTED
    :: isolation = REPEATABLE_READ;
       d_step {
         snapshot = account_version;
         for (i : 0 .. SESSIONS - 1) { seen[i] = alive[i]; seen_version[i] = version[i] }
         i = 0
       }
    fi
  }
#ifdef FAULT_SESSIONS_BEFORE_ACCOUNT
  goto sessions;
account:
#endif
  atomic {
    account_holder == 0;
    if
    :: isolation == REPEATABLE_READ && account_version != snapshot -> goto roll_back
    :: else -> account_holder = me
    fi
  }
#ifdef FAULT_SESSIONS_BEFORE_ACCOUNT
  goto commit;
sessions:
#endif
  skip;
  d_step {
    for (i : 0 .. SESSIONS - 1) { seen[i] = (isolation == READ_COMMITTED -> alive[i] : seen[i]) }
    i = 0
  }
  do
  :: one < SESSIONS && seen[one] ->
     atomic {
       holder[one] == 0;
       if
       :: isolation == REPEATABLE_READ && version[one] != seen_version[one] -> goto roll_back
       :: else -> holder[one] = (alive[one] -> me : 0)
       fi;
       one++
     }
  :: one < SESSIONS && !seen[one] -> one++
  :: one == SESSIONS -> break
  od;
#ifdef FAULT_SESSIONS_BEFORE_ACCOUNT
  goto account;
commit:
#endif
  skip;
  d_step {
    for (i : 0 .. SESSIONS - 1) {
      if
      :: holder[i] == me -> holder[i] = 0; alive[i] = false; version[i] = version[i] + 1
      :: else
      fi
    }
    i = 0;
    account_version++;
    account_holder = 0
  }
  goto finished;
roll_back:
  skip;
  d_step {
    for (i : 0 .. SESSIONS - 1) {
      if
      :: holder[i] == me -> holder[i] = 0
      :: else
      fi
    }
    i = 0;
    if
    :: account_holder == me -> account_holder = 0
    :: else
    fi
  }
finished:
  skip
}
#endif

#ifdef IDLE
proctype clock() { is_late = true }
#endif

init {
  atomic {
    byte n;
    do
    :: n < HAD ->
       alive[n] = true;
       happened++;
       used[n] = happened;
       version[n] = 1;
#ifdef DEVICES
       device[n] = n;
#endif
       n++
    :: else -> break
    od;
    next_session = HAD;
    for (n : 1 .. LOGINS) { run login(n) }
#if REFRESHES > 0
    for (n : 1 .. REFRESHES) { run refresh(100 + n) }
#endif
#ifdef IDLE
    run clock();
#endif
#if REVOCATIONS > 0
    for (n : 1 .. REVOCATIONS) { run revoke(200 + n) }
#endif
  }
}
