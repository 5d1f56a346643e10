"""A client that ends its octets under TLS, without TLS's own goodbye."""

import os
import socket

import pytest

from tests.system.conftest import Serve
from tests.system.encrypted import encrypted

pytestmark = pytest.mark.system


def test_f9_client_that_ends_its_octets_under_tls_hears_the_verdict(serve: Serve) -> None:
    """The message is stored; without its 250 it would be sent again."""
    server = serve()
    with encrypted(server.port) as client:
        client.ehlo()
        client.mail("me@client.example")
        client.rcpt("you@localhost")
        client.docmd("DATA")
        client.send(b"Subject: x\r\n\r\nx\r\n.\r\n")
        assert client.sock is not None
        with socket.socket(fileno=os.dup(client.sock.fileno())) as beneath:
            beneath.shutdown(socket.SHUT_WR)
        assert client.getreply()[0] == 250
        client.close()
    assert len(server.messages()) == 1
