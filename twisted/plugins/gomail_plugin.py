"""Makes ``twistd gomail`` known to Twisted."""

from twisted.application.service import ServiceMaker

gomail = ServiceMaker("gomail", "gomail.tap", "A mail server that receives: SMTP to Maildir", "gomail")
