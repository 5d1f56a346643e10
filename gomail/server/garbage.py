"""
How often Python looks for garbage: seldom, since what a session leaves is gone by itself.

Python's collector looks at all young objects as soon as there are 700 more of them, which sessions
that come and go have made behind thirty or so, and finds nothing: only Twisted's end of TLS leaves
some 60, where a client says no goodbye. Now and then it looks at all that there are; the 67,000
that a server consists of, its modules above all, in vain.
"""

import gc

YOUNG = 10_000  # more objects, then the young are looked at


def look_seldom() -> None:
    """
    Pass over what there is by now, for ever, and look at the young less often.

    To be called as the server begins to run, before anybody is connected: a session that is passed
    over is never collected.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, *gc.get_threshold()[1:])
