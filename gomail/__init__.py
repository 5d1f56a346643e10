"""
gomail receives mail: SMTP in, Maildir out, and 250 means stored.

The life of a message, room by room: `gomail.smtp` holds the dialogue, `gomail.reception` tells the
story, and asks `gomail.recipients` for whom it is, `gomail.message` for its content and trace, and
`gomail.delivery` to store it.
Around them: `gomail.server` (ports, log, start and stop), `gomail.certificates` (what TLS shows),
`gomail.reading` (stored messages as text), `gomail.config`, `gomail.compose`, `gomail.tap` and
`gomail.cli` (from settings to a server), `gomail.units` (systemd's).

What users import: `gomail.interfaces`, `gomail.reply`, `gomail.smtp.factory`, `gomail.compose`,
`gomail.testing`.
"""
