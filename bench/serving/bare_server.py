"""
A server that looks at nothing: Twisted's own `LineReceiver`, and a ready-made reply for each verb.

``python -m bench.serving.bare_server PORT``. It is no SMTP server, and no peer of any: no server on
Twisted can be faster than this on the same machine, whatever it does or leaves out.
"""

import sys
from typing import Any

from twisted.internet.protocol import Factory
from twisted.protocols.basic import LineReceiver

_BACKLOG = 4096
_END = b"\r\n.\r\n"
_REPLIES = {
    b"EHLO": b"250-mx.bench.example\r\n250 PIPELINING\r\n",
    b"HELO": b"250 mx.bench.example\r\n",
    b"MAIL": b"250 2.1.0 Sender OK\r\n",
    b"RCPT": b"250 2.1.5 Recipient OK\r\n",
    b"DATA": b"354 Send the message, end it with <CRLF>.<CRLF>\r\n",
    b"QUIT": b"221 2.0.0 Bye\r\n",
}


class Bare(LineReceiver):
    """Replies at once, without a look at anything but the first four octets of a line."""

    transport: Any

    def connectionMade(self) -> None:
        """Greet."""
        self._last = b""
        self.transport.setTcpNoDelay(True)
        self.transport.writeSomeData(b"220 mx.bench.example ESMTP\r\n")

    def lineReceived(self, line: bytes) -> None:
        """Reply."""
        verb = line[:4]
        self.transport.writeSomeData(_REPLIES[verb])
        if verb == b"DATA":
            self.setRawMode()
        elif verb == b"QUIT":
            self.transport.loseConnection()

    def rawDataReceived(self, data: bytes) -> None:
        """Drop content; at its end, which may come in two packets, reply."""
        end = (self._last + data).find(_END)
        if end < 0:
            self._last = data[-4:]
            return
        rest = (self._last + data)[end + len(_END) :]
        self._last = b""
        self.transport.writeSomeData(b"250 2.0.0 Stored\r\n")
        self.setLineMode(rest)


def main() -> None:
    """Serve, on the reactor that Twisted chooses: epoll on Linux."""
    from twisted.internet import reactor

    served: Any = reactor
    served.listenTCP(int(sys.argv[1]), Factory.forProtocol(Bare), _BACKLOG, "127.0.0.1")
    served.run()


if __name__ == "__main__":
    main()
