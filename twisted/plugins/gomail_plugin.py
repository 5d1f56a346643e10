"""Makes ``twistd gomail`` and ``twistd gomail-inbox`` known to Twisted."""

from twisted.application.service import ServiceMaker

gomail = ServiceMaker(
    "gomail", "gomail.tap", "A server that receives mail: SMTP to Maildir", "gomail"
)

inbox = ServiceMaker(
    "gomail-inbox", "gomail.cli.inboxing", "The mail of a Maildir in the browser", "gomail-inbox"
)
