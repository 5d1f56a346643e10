"""MB/s of content over a loopback socket into deliveries that keep nothing: ours, others."""

import importlib.util
import socket
import statistics
import subprocess
import sys
import time

MESSAGE = 25_000_000
MESSAGES = 8
ROUNDS = 3
LINE = b"x" * 76 + b"\r\n"
BODY = b"Subject: bench\r\n\r\n" + LINE * (MESSAGE // len(LINE)) + b".\r\n"

NOTHING = """
from zope.interface import implementer
from gomail.interfaces import IMessage, IMessageDelivery, IMessageDeliveryFactory
from gomail.reply import STORED
from gomail.smtp.factory import SMTPFactory

@implementer(IMessageDeliveryFactory, IMessageDelivery, IMessage)
class Nothing:
    def deliveryFor(self, client): return self
    def greeted(self, client): pass
    def validateFrom(self, client, path, parameters): pass
    def validateTo(self, path): pass
    def messageStarted(self, envelope): return self
    def transactionEnded(self): pass
    def octetsReceived(self, octets): pass
    def eomReceived(self): return STORED
    def connectionLost(self): pass
"""

GOMAIL = (
    NOTHING
    + """
from twisted.internet import reactor, endpoints

factory = SMTPFactory(Nothing(), "bench.example", reactor)
"""
)

TWISTED_MAIL = """
from twisted.internet import reactor, endpoints, defer
from twisted.mail import smtp
from zope.interface import implementer

@implementer(smtp.IMessage)
class Message:
    def lineReceived(self, line): pass
    def eomReceived(self): return defer.succeed(None)
    def connectionLost(self): pass

@implementer(smtp.IMessageDelivery)
class Nothing:
    def receivedHeader(self, helo, origin, recipients): return b""
    def validateFrom(self, helo, origin): return origin
    def validateTo(self, user): return Message

class Factory(smtp.SMTPFactory):
    protocol = smtp.ESMTP
    def buildProtocol(self, addr):
        protocol = super().buildProtocol(addr)
        protocol.delivery = Nothing()
        return protocol

factory = Factory()
"""

LISTEN = """
endpoint = endpoints.serverFromString(reactor, "tcp:0:interface=127.0.0.1")
endpoint.listen(factory).addCallback(lambda port: print(port.getHost().port, flush=True))
reactor.run()
"""

AIOSMTPD = """
import asyncio, aiosmtpd.smtp
class Nothing:
    async def handle_DATA(self, server, session, envelope): return "250 OK"
async def main():
    make = lambda: aiosmtpd.smtp.SMTP(Nothing(), data_size_limit=0)
    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


def reply(file) -> bytes:
    """Read one reply, all of its lines."""
    while True:
        line = file.readline()
        if line[3:4] != b"-":
            return line


def measure(program: str) -> float:
    """Start a server, send it messages, and give MB/s."""
    server = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    try:
        port = int(server.stdout.readline())
        with socket.create_connection(("127.0.0.1", port)) as connection:
            file = connection.makefile("rb")
            reply(file)
            connection.sendall(b"EHLO bench\r\n")
            reply(file)
            began = time.perf_counter()
            for _ in range(MESSAGES):
                for line in (b"MAIL FROM:<a@bench.example>", b"RCPT TO:<b@bench.example>", b"DATA"):
                    connection.sendall(line + b"\r\n")
                    reply(file)
                connection.sendall(BODY)
                if not reply(file).startswith(b"250"):
                    raise RuntimeError("the message was not taken")
            return MESSAGES * len(BODY) / 1e6 / (time.perf_counter() - began)
    finally:
        server.terminate()
        server.wait()


def main() -> None:
    """Measure all servers, round by round, and print medians."""
    servers = {"gomail": GOMAIL + LISTEN, "twisted.mail": TWISTED_MAIL + LISTEN}
    if importlib.util.find_spec("aiosmtpd"):
        servers["aiosmtpd"] = AIOSMTPD
    rates: dict[str, list[float]] = {name: [] for name in servers}
    for _ in range(ROUNDS):
        for name, program in servers.items():
            rates[name].append(measure(program))
    ours = statistics.median(rates["gomail"])
    for name, measured in rates.items():
        rate = statistics.median(measured)
        print(f"{name:<14}{rate:8.0f} MB/s   gomail is {ours / rate:5.2f} x this")


if __name__ == "__main__":
    main()
