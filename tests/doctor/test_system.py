"""Clock, limits and rights."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from gomail.doctor.finding import Told
from gomail.doctor.system import (
    capable,
    examine_clock,
    examine_descriptors,
    examine_rights,
    first_port,
    pythons,
)
from gomail.limits import DEFAULT_LIMITS

# struct vfs_ns_cap_data of capabilities(7), second version: cap_net_bind_service, effective.
NET_BIND = bytes.fromhex("01000002 00040000 00000000 00000000 00000000")


def codes(told: Told) -> list[str]:
    """Give the codes of what is wrong."""
    return [each.code for each in told.findings]


def test_clock_is_right_or_wrong_or_unknown() -> None:
    """In a container nobody tells."""
    assert codes(examine_clock(right=True)) == []
    assert codes(examine_clock(right=False)) == ["clock-unsynchronized"]
    unknown = examine_clock(right=None)
    assert (codes(unknown), len(unknown.unseen)) == ([], 1)


@pytest.mark.parametrize(
    ("most", "few"), [(512, True), (1024, True), (4096, False), (32768, False)]
)
def test_few_files_are_found(*, most: int, few: bool) -> None:
    """As the server itself counts them."""
    assert codes(examine_descriptors(most, DEFAULT_LIMITS)) == (["descriptors-few"] if few else [])


def test_files_are_enough_for_those_who_want_few() -> None:
    """Whoever has set a small number of sessions is asked for no more."""
    small = replace(DEFAULT_LIMITS, sessions=20, recipients=100)
    assert codes(examine_descriptors(1024, small)) == []
    assert examine_descriptors(None, DEFAULT_LIMITS) == Told()


@pytest.mark.needs_root
def test_python_with_rights_is_found(tmp_path: Path) -> None:
    """As setcap gives them; by way of a link, too."""
    python = tmp_path / "python"
    python.write_bytes(b"#!/bin/sh\n")
    (tmp_path / "link").symlink_to(python)
    [_, found] = pythons([str(tmp_path / "link"), "run"])
    assert found == str(python)
    assert capable([found]) == ()
    os.setxattr(python, "security.capability", NET_BIND)
    told = examine_rights(capable([found]), 1000)
    assert codes(told) == ["python-capable"]
    assert told.findings[0].lines == (f"sudo setcap -r {python}",)


def test_root_is_found() -> None:
    """Of a server that runs."""
    assert codes(examine_rights((), 0)) == ["runs-as-root"]
    assert codes(examine_rights((), 1000)) == []
    assert codes(examine_rights((), None)) == []


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone has such a setting")
def test_first_port_is_the_kernels() -> None:
    """Of this network."""
    assert 0 <= first_port() <= 65536
