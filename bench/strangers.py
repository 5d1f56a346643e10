"""Those who come for bench/tricklers.py: tricklers, and honest senders, each in a process."""

import asyncio
import contextlib
import re
import time

INTERVAL = 10  # seconds between two octets of a trickler
CONTENT = b"Subject: honest\r\n\r\n" + (b"x" * 76 + b"\r\n") * 25
PAUSE = 0.3  # seconds between two mails of an honest sender
COMING = 200  # tricklers that connect at once


class NotTaken(Exception):
    """The server said no."""


def words(line: bytes) -> str:
    """Give a reply without its enhanced code and the session's id."""
    parted = re.sub(rb" (\d\.\d\.\d )?(.*?)( \[\w+\])?\r\n", rb" \2", line)
    return parted.decode() or "closed without a word"


async def heard(reader: asyncio.StreamReader) -> bytes:
    """Read one reply, all of its lines; it says yes."""
    while True:
        line = await reader.readline()
        if line[3:4] != b"-":
            if line[:1] not in {b"2", b"3"}:
                raise NotTaken(words(line))
            return line


async def begin(port: int, source: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect from *source* and come as far as the 220."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
    try:
        await heard(reader)
    except BaseException:
        writer.close()
        raise
    return reader, writer


async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: bytes) -> None:
    """Say a line, and hear the reply."""
    writer.write(line + b"\r\n")
    await heard(reader)


async def to_content(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Come as far as the 354."""
    await say(reader, writer, b"EHLO sender.example")
    await say(reader, writer, b"MAIL FROM:<a@sender.example>")
    await say(reader, writer, b"RCPT TO:<b@bench.example>")
    await say(reader, writer, b"DATA")


class Tricklers:
    """All of them, in a process of their own."""

    def __init__(self, port: int, count: int, *, again: bool) -> None:
        self._port, self._count, self._again = port, count, again
        self._coming = asyncio.Semaphore(COMING)
        self.inside = self.most = 0
        self.ends: list[tuple[float, float, str]] = []  # when, after which time in content, why

    async def _trickle(self, source: str) -> None:
        """Hold content that never ends, until we are cut off."""
        reader = writer = None
        began = 0.0
        try:
            async with self._coming:
                reader, writer = await begin(self._port, source)
                await to_content(reader, writer)
            began = time.monotonic()
            self.inside += 1
            self.most = max(self.most, self.inside)
            last_word = asyncio.ensure_future(reader.readline())
            while not last_word.done():
                writer.write(b"x")
                await asyncio.wait([last_word], timeout=INTERVAL)
            line = last_word.result()
            why = words(line)
        except (OSError, NotTaken) as error:
            why = str(error) if isinstance(error, NotTaken) else type(error).__name__
        finally:
            if began:
                self.inside -= 1
            if writer is not None:
                writer.close()
        now = time.monotonic()
        self.ends.append((now, now - began if began else 0.0, why))

    async def _one(self, number: int) -> None:
        """Be one of them."""
        source = f"127.{1 + number // 250}.{number % 250}.{1 + number % 200}"
        await self._trickle(source)
        while self._again:
            await asyncio.sleep(1)
            await self._trickle(source)

    async def run(self, seconds: float) -> None:
        """Have all of them trickle."""
        tasks = [asyncio.ensure_future(self._one(number)) for number in range(self._count)]
        await asyncio.sleep(seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def trickle(pipe, port: int, count: int, seconds: float, again: bool) -> None:  # noqa: FBT001 -- a process'
    """Be the process of the tricklers."""

    async def all_of_them() -> Tricklers:
        tricklers = Tricklers(port, count, again=again)
        await tricklers.run(seconds)
        return tricklers

    began = time.monotonic()
    tricklers = asyncio.run(all_of_them())
    ends = [(when - began, held, why) for when, held, why in tricklers.ends]
    pipe.send((tricklers.most, ends))


async def send_mail(port: int, source: str) -> tuple[float, float]:
    """Send one mail; give the seconds to the 220 and to the last 250."""
    began = time.monotonic()
    reader, writer = await begin(port, source)
    with contextlib.closing(writer):
        welcomed = time.monotonic() - began
        await to_content(reader, writer)
        writer.write(CONTENT + b".\r\n")
        await heard(reader)
        taken = time.monotonic() - began
        writer.write(b"QUIT\r\n")
        return welcomed, taken


def be_honest(pipe, port: int, count: int, seconds: float) -> None:
    """Be the process of the honest senders."""
    sent: list[tuple[float, float, float, str]] = []  # when, to the 220, to the 250, refusal
    start = time.monotonic()

    async def one(number: int) -> None:
        await asyncio.sleep(PAUSE * number / count)
        while (now := time.monotonic() - start) < seconds:
            try:
                sent.append((now, *await send_mail(port, f"127.250.{number}.9"), ""))
            except (OSError, NotTaken) as error:
                why = str(error) if isinstance(error, NotTaken) else type(error).__name__
                sent.append((now, 0.0, 0.0, why))
            await asyncio.sleep(PAUSE)

    async def everybody() -> None:
        await asyncio.gather(*(one(number) for number in range(count)))

    asyncio.run(everybody())
    pipe.send(sent)
