"""
What a parent and its workers say to each other: frames (`gomail.frames`) of tuples, a word first.

The parent says, by the worker's standard input:

    first, number, settings, root, pairs
                                how to be: the number that the log names it by, the configuration as
                                TOML, which folder the root of the Maildirs is (device and inode;
                                None where there was none), and the certificates that are in force,
                                with their keys (a parent of before says nothing of these)
    permit, number, too_much    the answer to ask: None, or ``address`` or ``network``
    pulse, elsewhere            are you there? and how many sessions the others have open
    change, settings            be so from now on
    status                      what have you counted?
    follow, wanted              pass your events on, or do so no more
    heir                        another program takes my place, and will have you leave by SIGUSR2

and the worker, by a pipe of its own:

    ready                       it takes connections
    ask, number, address        may this stranger stay?
    left, address               one who was permitted has gone
    pulse, sessions, health, counts
                                it is there: how many sessions it has open, how it fares (the
                                reasons: word, state and text of each), and what it has counted
    status, counts, clients     the answer to status, with who has a session open
    pairs, read                 the certificates that it serves, with their keys, where they are
                                others than those it was told
    event, told                 what has happened, as followers hear it
    changed, error              the answer to change: None, or why it stays as it was
    heir                        the answer to heir: it is not going to leave by itself
"""

FIRST = "first"
PERMIT = "permit"
PULSE = "pulse"
CHANGE = "change"
READY = "ready"
ASK = "ask"
LEFT = "left"
CHANGED = "changed"
HEIR = "heir"
PAIRS = "pairs"
STATUS = "status"
FOLLOW = "follow"
EVENT = "event"
ENDED = "ended"  # said by nobody: so those hear who overhear a crew

# The descriptors of a worker. What it writes by the standard ones is the parent's to log.
ORDERS, LOG, LAST_WORDS, ANSWERS, SOCKETS = range(5)
VARIABLE = "GOMAIL_WORKER"  # says how many sockets there are, the first of them being SOCKETS
