"""Two servers in one process: each with its name, port, delivery and limits."""

from delivery import Tickets
from twisted.internet.endpoints import serverFromString

from gomail.limits import Limits
from gomail.smtp.factory import SMTPFactory


def factories(reactor):
    """Nothing is shared, unless the same object is given to both."""
    support = Tickets("support.db", "support@here.example")
    orders = Tickets("orders.db", "orders@shop.example")
    return [
        SMTPFactory(support, "mx.here.example", reactor),
        SMTPFactory(orders, "mx.shop.example", reactor, limits=Limits(size=1_000_000)),
    ]


async def listen(reactor, endpoints):
    """Listen with each factory on its endpoint; give the ports."""
    pairs = zip(endpoints, factories(reactor), strict=True)
    return [await serverFromString(reactor, each).listen(factory) for each, factory in pairs]
