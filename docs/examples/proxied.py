"""A server behind HAProxy: sessions are those of the clients that the proxy names."""

from ipaddress import ip_network

from delivery import Tickets
from twisted.internet.endpoints import serverFromString

from gomail.server.proxy.factory import ProxiedFactory
from gomail.smtp.factory import SMTPFactory


async def listen(reactor, endpoint, *proxies):
    """Listen on an endpoint, and believe proxies in these networks; give factory and port."""
    sessions = SMTPFactory(
        Tickets("tickets.db", "support@here.example"), "mx.here.example", reactor
    )
    factory = ProxiedFactory(sessions, [ip_network(each) for each in proxies])
    return factory, await serverFromString(reactor, endpoint).listen(factory)
