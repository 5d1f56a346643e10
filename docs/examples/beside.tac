"""gomail beside a web site, in one process, started with ``twistd -ny beside.tac``."""

from twisted.application.internet import StreamServerEndpointService
from twisted.application.service import Application
from twisted.internet import reactor
from twisted.internet.endpoints import serverFromString
from twisted.python import log
from twisted.web.server import Site
from twisted.web.static import File

from gomail.compose import mail_service
from gomail.config import load
from gomail.server.log import EventLog

application = Application("mail and web")

listener = EventLog(log.msg, stamped=False)  # Twisted's log has the time itself
mail = mail_service(reactor, load("gomail.toml"), listeners=(listener,))
mail.setServiceParent(application)

web = serverFromString(reactor, "tcp:8080:interface=127.0.0.1")
StreamServerEndpointService(web, Site(File("public"))).setServiceParent(application)
