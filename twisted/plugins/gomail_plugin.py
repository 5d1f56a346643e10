"""Makes ``twistd gomail`` known to Twisted."""

from twisted.application.service import ServiceMaker

gomail = ServiceMaker(
    "gomail", "gomail.tap", "A server that receives mail: SMTP to Maildir", "gomail"
)
