"""
Those who find out who has sent a message: gomail, and Postfix with the three programs it needs.

Both ask the DNS server of `bench.resolver` and nobody else. Postfix runs in a mount namespace whose
resolv.conf names that one, as do its programs: OpenDKIM and OpenDMARC (milters), and
policyd-spf (a policy server of Python, whose processes Postfix starts). Their settings are Debian's
as far as they tell; what is changed is that a client on 127.0.0.1 is no friend.
"""

import importlib.util
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from bench import resolver
from bench.peers.gomail import Gomail
from bench.peers.peer import HOSTNAME, Setting
from bench.peers.postfix import Postfix

_SUFFIXES = Path("/usr/share/publicsuffix/public_suffix_list.dat")
_NOBODY = "192.0.2.255"  # who needs no check: an address that is nobody's
_OPENDKIM = f"""\
Mode v
Socket local:{{folder}}/opendkim.sock
Background no
UMask 000
Syslog no
AuthservID {HOSTNAME}
InternalHosts {_NOBODY}
Nameservers {resolver.ADDRESS}
"""
_OPENDMARC = f"""\
Socket local:{{folder}}/opendmarc.sock
Background false
UMask 000
Syslog false
AuthservID {HOSTNAME}
TrustedAuthservIDs {HOSTNAME}
IgnoreHosts {{folder}}/nobody
{{suffixes}}
"""
_POLICYD = f"""\
debugLevel = 1
TestOnly = 1
HELO_reject = Fail
Mail_From_reject = Fail
PermError_reject = False
TempError_Defer = False
skip_addresses = {_NOBODY}/32
"""
_MAIN = """\
smtpd_milters = unix:{folder}/opendkim.sock, unix:{folder}/opendmarc.sock
milter_default_action = tempfail
policyd-spf_time_limit = 3600
"""
_MASTER = """\
policyd-spf unix - n n - 0 spawn user=policyd-spf argv={policyd} {folder}/policyd-spf.conf
"""
# The milters end with the process that has started them, which is Postfix's own in the end.
_RUN = """\
set -eu
mount --bind {folder}/resolv.conf /etc/resolv.conf
setpriv --pdeathsig KILL {opendkim} -f -x {folder}/opendkim.conf &
setpriv --pdeathsig KILL {opendmarc} -f -c {folder}/opendmarc.conf &
looks=0
until [ -S {folder}/opendkim.sock ] && [ -S {folder}/opendmarc.sock ]; do
    looks=$((looks + 1))
    [ $looks -lt 400 ] || {{ echo "the milters do not listen" >&2; exit 1; }}
    sleep 0.05
done
exec {postfix}
"""


def _find(program: str) -> str | None:
    """Find a program, also where only root looks."""
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")


class GomailChecked(Gomail):
    """gomail that finds out who has sent a message, of whom it trusts nobody."""

    name = "gomail-checks"
    what = "the same, and iprev, SPF, DKIM, ARC and DMARC before that"
    examines = True
    checks: ClassVar[Sequence[str]] = ("enabled = true", f'resolvers = ["{resolver.ADDRESS}"]')

    def missing(self) -> str | None:
        """See whether it has the libraries for that, and DNS."""
        if importlib.util.find_spec("spftrace") is None:
            return 'the libraries for checks are not installed; try: pip install "gomail[checks]"'
        return resolver.missing()

    def prepare(self, folder: Path, port: int, setting: Setting) -> list[str]:
        """Trust nobody, since who is trusted is not examined."""
        return super().prepare(folder, port, replace(setting, strangers=True))


class PostfixChecked(Postfix):
    """Postfix with OpenDKIM, OpenDMARC and policyd-spf."""

    name = "postfix-checks"
    what = "the same, and SPF, DKIM and DMARC by policyd-spf, OpenDKIM and OpenDMARC before that"
    examines = True
    restrictions = "reject_unauth_destination, check_policy_service unix:private/policyd-spf"
    programs = ("opendkim", "opendmarc", "policyd-spf", "unshare", "setpriv")

    def missing(self) -> str | None:
        """See whether all of them are there, and DNS."""
        lacking = [program for program in self.programs if _find(program) is None]
        if lacking:
            packages = "opendkim opendmarc postfix-policyd-spf-python util-linux"
            are = "is" if len(lacking) == 1 else "are"
            return f"{', '.join(lacking)} {are} not installed; try: sudo apt install {packages}"
        return super().missing() or resolver.missing()

    def prepare(self, folder: Path, port: int, setting: Setting) -> list[str]:
        """Write everybody's settings, and a script that starts them with a resolv.conf of ours."""
        command = super().prepare(folder, port, setting)
        suffixes = f"PublicSuffixList {_SUFFIXES}" if _SUFFIXES.exists() else ""
        values = {program: _find(program) for program in self.programs}
        places = {"folder": folder, "suffixes": suffixes, "policyd": values["policyd-spf"]}
        for name, text in (
            ("opendkim.conf", _OPENDKIM),
            ("opendmarc.conf", _OPENDMARC),
            ("policyd-spf.conf", _POLICYD),
            ("main.cf", (folder / "main.cf").read_text() + _MAIN),
            ("master.cf", (folder / "master.cf").read_text() + _MASTER),
            ("nobody", f"{_NOBODY}\n"),
            ("resolv.conf", f"nameserver {resolver.ADDRESS}\n"),
            ("run", _RUN),
        ):
            filled = text.format(**places, **values, postfix=" ".join(command))
            (folder / name).write_text(filled)
        return [values["unshare"] or "unshare", "--mount", "sh", str(folder / "run")]
