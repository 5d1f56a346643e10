"""
MB/s of content behind BDAT beside content behind DATA, by the size of the pieces that it comes in.

A piece is a chunk with its BDAT line, or as much of the content of DATA as is sent at once. The
chunks of a message are sent without waiting for replies (RFC 3030 §4.2), as senders do who know
PIPELINING; "in turn" waits for the reply to each. With --beside, another checkout of gomail takes
its turns too, with DATA only: nobody's chunks are compared with those of a time that had none.
"""

import argparse
import os
import socket
import statistics
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from typing import Self

from content import BODY, GOMAIL, LISTEN, reply

KIB, MIB = 1024, 1024 * 1024
CONTENT = BODY[: -len(b".\r\n")]
PIECES = {"4 KiB": 4 * KIB, "64 KiB": 64 * KIB, "1 MiB": MIB, "whole": len(BODY)}
HERE = Path(__file__).parent.parent


class Server:
    """gomail out of a *checkout*, with a delivery that keeps nothing."""

    def __init__(self, checkout: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", GOMAIL + LISTEN],
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(checkout)},
            cwd=checkout,
        )
        self.port = int(self._process.stdout.readline())

    def cpu(self) -> float:
        """Give the CPU seconds that it has used."""
        return int(Path(f"/proc/{self._process.pid}/schedstat").read_text().split()[0]) / 1e9

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()


@cache
def chunks(size: int) -> list[bytes]:
    """Give the content as chunks of *size* octets, each behind its BDAT line."""
    parts = [CONTENT[start : start + size] for start in range(0, len(CONTENT), size)]
    lasts = [b""] * (len(parts) - 1) + [b" LAST"]
    whole = zip(parts, lasts, strict=True)
    return [b"BDAT %d%s\r\n%s" % (len(part), last, part) for part, last in whole]


@cache
def pieces(size: int) -> list[bytes]:
    """Give the content as DATA has it, in pieces of *size* octets."""
    return [BODY[start : start + size] for start in range(0, len(BODY), size)]


def taken(file) -> None:
    """Read a reply that says yes."""
    if (line := reply(file))[:1] not in b"23":
        raise RuntimeError(line)


def send_data(connection: socket.socket, file, size: int) -> None:
    """Send the content behind DATA."""
    connection.sendall(b"DATA\r\n")
    taken(file)
    for piece in pieces(size):
        connection.sendall(piece)
    taken(file)


def send_chunks(connection: socket.socket, file, size: int) -> None:
    """Send the content in chunks, and then read the replies: their octets fit the socket."""
    count = 0
    for chunk in chunks(size):
        connection.sendall(chunk)
        count += 1
    for _ in range(count):
        taken(file)


def send_in_turn(connection: socket.socket, file, size: int) -> None:
    """Send the content in chunks, each after the reply to the one before."""
    for chunk in chunks(size):
        connection.sendall(chunk)
        taken(file)


WAYS = {"DATA": send_data, "BDAT": send_chunks, "BDAT in turn": send_in_turn}


def measure(server: Server, way: str, size: int, messages: int) -> tuple[float, float]:
    """Send messages over one connection; give MB/s, and MB a CPU second of the server."""
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        file = connection.makefile("rb")
        taken(file)
        connection.sendall(b"EHLO bench\r\n")
        taken(file)
        began, used = time.perf_counter(), server.cpu()
        for _ in range(messages):
            for line in (b"MAIL FROM:<a@bench.example>", b"RCPT TO:<b@bench.example>"):
                connection.sendall(line + b"\r\n")
                taken(file)
            WAYS[way](connection, file, size)
        size = messages * len(CONTENT) / 1e6
        return size / (time.perf_counter() - began), size / (server.cpu() - used)


def main() -> None:
    """Measure round by round, each way beside the others, and print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few messages, one round")
    parser.add_argument("--beside", type=Path, help="another checkout, whose DATA is compared")
    options = parser.parse_args()
    rounds, messages = (1, 2) if options.quick else (5, 4)
    columns = dict.fromkeys(WAYS, HERE)
    if options.beside:
        columns["DATA there"] = options.beside.resolve()
    rates: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for _ in range(rounds):
        for piece, size in PIECES.items():
            for column, checkout in columns.items():
                with Server(checkout) as server:
                    rate = measure(server, column.removesuffix(" there"), size, messages)
                rates.setdefault((piece, column), []).append(rate)
    for which, title in enumerate(("MB/s", "MB a CPU second of the server")):
        print(f"{title}, by piece")
        print(f"{'':<10}" + "".join(f"{column:>14}" for column in columns), "    BDAT/DATA")
        for piece in PIECES:
            row = {
                column: statistics.median(rate[which] for rate in rates[piece, column])
                for column in columns
            }
            cells = "".join(f"{rate:>14.0f}" for rate in row.values())
            print(f"{piece:<10}{cells} {row['BDAT'] / row['DATA']:13.2f}")


if __name__ == "__main__":
    main()
