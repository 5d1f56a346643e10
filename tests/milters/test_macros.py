"""What milters are told besides the commands."""

from gomail.address import NULL_PATH, Address, Path
from gomail.envelope import Client, Encryption
from gomail.milters.macros import macro_packet, of_client, of_path
from gomail.milters.options import Options, Stage
from gomail.milters.packets import packet

CLIENT = Client("s", "192.0.2.1", 25, "c", encryption=Encryption("TLSv1.3", "AES", 256))


def test_client_is_told() -> None:
    """Address, port, TLS; and who we are."""
    values = of_client(CLIENT, "mx.example.org")
    told = macro_packet(Stage.CONNECT, Options(), values)
    assert b"Cj\0mx.example.org\0_\0unknown [192.0.2.1]\0v\0gomail\0" in told
    assert b"{client_addr}\x00192.0.2.1\0{client_name}\0unknown\0" in told
    assert b"{client_port}\x0025\0" in told
    told = macro_packet(Stage.HELO, Options(), values)
    data = b"H{tls_version}\0TLSv1.3\0{cipher}\0AES\0{cipher_bits}\x00256\0"
    assert told == packet(b"D", data)


def test_client_without_address_is_not_told() -> None:
    """It came by a unix socket; and nothing is told where there is nothing."""
    values = of_client(Client("s"), "mx")
    assert set(values) == {"j", "daemon_name", "v"}
    assert macro_packet(Stage.HELO, Options(), values) == b""


def test_paths_are_told() -> None:
    """Without brackets; the null path is empty, and has no host."""
    path = Path(Address("ann", "example.org"))
    values = {"rcpt_addr": "ann@example.org", "rcpt_mailer": "local", "rcpt_host": "example.org"}
    assert of_path(path, "rcpt", "local") == values
    assert of_path(NULL_PATH, "mail", "smtp") == {"mail_addr": "", "mail_mailer": "smtp"}


def test_milter_gets_what_it_named() -> None:
    """And not the usual ones there."""
    options = Options(macros={Stage.RCPT: ("i", "unheard_of")})
    told = macro_packet(Stage.RCPT, options, {"i": "q1", "rcpt_addr": "x"})
    assert told == packet(b"D", b"Ri\0q1\0")
