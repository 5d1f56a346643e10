"""
Milters: filters of the Postfix and Sendmail world, asked about each message while it comes.

    place.py         where a milter listens
    packets.py       octets ↔ packets of the protocol
    options.py       what both sides can and want: the negotiation
    macros.py        what a milter is told besides the commands
    sayings.py       packet → what the milter said
    changes.py       header fields added, changed and deleted
    connection.py    one connection to a milter: commands out, packets in, deadlines
    milter.py        a milter, and whether it is worth asking now
    notes.py         what it wants done with a message
    consultation.py  one milter's part in one SMTP session
    outcome.py       what milters make of a message
    milters.py       several milters in order; the door of this room

The protocol is version 6, as Sendmail's libmilter (``mfdef.h``) and Postfix (MILTER_README) speak
it. The room knows no mailbox and no disk, and whatever a milter does costs no mail.
"""
