"""A fault for the test of fuzzing itself: it is no part of gomail, and no run looks for it."""

from tests.fuzz.target import Target


def check(octets: bytes) -> None:
    """Fail where four octets stand together, which no input has to begin with."""
    for index, octet in enumerate(b"DEEP"):
        if octets[index : index + 1] != bytes([octet]):
            return
    raise ValueError("planted")


TARGET = Target(check, words=(b"DE", b"EP", b"P"), seeds=(b"D", b"E"))
