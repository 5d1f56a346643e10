#!/usr/bin/env python3
"""
Make gomail a home in .venv and run it there; Python's own library is enough.

    python3 bootstrap.py run [options of gomail]     the server, in the foreground
    python3 bootstrap.py inbox [options]             its mail in the browser; --help lists them
    python3 bootstrap.py test [options of pytest]    the tests; needs neither root nor mail tools
    python3 bootstrap.py check                       lint, types, who imports whom, the site, news
    python3 bootstrap.py docs [options of Sphinx]    the documentation as a site, in site/
    python3 bootstrap.py bench [options]             gomail beside other servers; --help lists them
    python3 bootstrap.py fuzz [targets] [options]    inputs that nobody has thought of; likewise
    python3 bootstrap.py faults CAMPAIGN [options]   long runs of faults; --help lists them
    python3 bootstrap.py mutants [modules] [options] mistakes that the tests must mind; likewise

The environment is made aside, renamed into place, and stamped last: a .venv without the right
stamp is half made, or made for another checkout, Python or pyproject.toml, and is made again.
Dependencies are installed as wheels; nothing is compiled.

Every Python since 3.6 can read this file, so that an old one can say what is missing.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST = (3, 11)
NEWER = ("python3.14", "python3.13", "python3.12", "python3.11")

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
LOCK = ROOT / ".venv.lock"
LOG = ROOT / ".venv.log"
STAMP = "gomail-stamp"

# Whatever Sphinx warns of, a link that leads nowhere above all, is an error. All pages are read
# anew, since those that did not change may lead to one that did.
SITE = ("--fresh-env", "--fail-on-warning", "--keep-going", "--quiet", "docs", "site")
# Who runs the server may look at its mail: no second environment takes the place of one in use.
SERVED = ("checks", "inbox", "metrics")
# Which extras each task needs, and what it becomes: a tool of the environment, or a module. The
# server has no pid file, since a stale one would keep it from starting.
TASKS = {
    "run": (SERVED, ("twistd", "--nodaemon", "--pidfile=", "gomail")),
    "inbox": (SERVED, ("gomail", "inbox")),
    "test": (("test",), ("pytest",)),
    "check": (("test", "check", "docs"), ()),
    "docs": (("docs",), ("-m", "sphinx", *SITE)),
    "bench": (("bench",), ("-m", "bench")),
    "fuzz": (("fuzz", "test"), ("-m", "tests.fuzz")),
    "faults": (("test",), ("-m", "tests.faults")),
    "mutants": (("mutants", "test"), ("-m", "tests.mutants")),
}
# All tests at once, and the last ones for whoever is done first; those that are named, one by one.
SIDE_BY_SIDE = ("--numprocesses=auto", "--dist=worksteal")
CHECKS = (
    ("ruff", "check"),
    ("ruff", "format", "--check"),
    ("mypy",),
    ("lint-imports", "--no-logo"),
    ("sphinx-build", *SITE),
    ("towncrier", "build", "--draft", "--version", "next"),
)


class Stop(Exception):
    """The end of the road: its text is the one line that the user reads."""


def main(arguments):
    """Do what the first of *arguments* names; return the exit status."""
    task, *options = arguments or [""]
    if task not in TASKS:
        raise Stop("usage: bootstrap.py {} [options]".format("|".join(TASKS)))
    if os.name != "posix":
        raise Stop("gomail runs on Linux, macOS and other POSIX systems, not on this one")
    if sys.version_info < OLDEST:
        start_newer_python(arguments)
    extras, command = TASKS[task]
    prepare(extras)
    os.chdir(str(ROOT))
    if task == "check":
        return check()
    return become(*command, *(options or (SIDE_BY_SIDE if task == "test" else ())))


def become(program, *arguments):
    """Become *program*, a tool or -m, so that signals and the exit status are its own."""
    python = str(tool_path("python"))
    os.execv(python, [python, program if program == "-m" else str(tool_path(program)), *arguments])


def check():
    """Run each check; the worst exit status counts, and each is heard."""
    status = 0
    for tool, *options in CHECKS:
        say(" ".join([tool, *options]))
        status = max(status, subprocess.call([str(tool_path(tool)), *options]))
    return status


def tool_path(name):
    """Where *name* lies in the environment."""
    return VENV / "bin" / name


def start_newer_python(arguments):
    """Begin again under the newest Python on PATH that gomail knows."""
    for name in NEWER:
        path = shutil.which(name)
        # A name on PATH is no promise: version managers leave shims for what is not active.
        if path and succeeds(path, "-c", "import sys"):
            os.execv(path, [path, str(Path(__file__).resolve()), *arguments])
    raise Stop(
        f"gomail needs Python 3.11 or newer, and finds only {this_python()} on PATH; "
        f"try: {remedy('python3.11-venv')}"
    )


def this_python():
    """Name the Python that runs this file, as people do."""
    return "Python {}.{}".format(*sys.version_info)


def remedy(package):
    """The line to type: Homebrew's where there is a brew, else Debian's for *package*."""
    return "brew install python@3.13" if shutil.which("brew") else f"sudo apt install {package}"


def prepare(extras):
    """Leave a .venv with gomail and at least *extras* in it; whoever else wants one waits."""
    import fcntl

    with LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # it falls with the process, however that ends
        present = stamped_extras()
        if present is not None and present.issuperset(extras):
            return
        make(sorted(present.union(extras) if present else extras))


def stamped_extras():
    """Read the extras of a sound .venv; None if it is missing, half made, or made for others."""
    try:
        digest, *extras = (VENV / STAMP).read_text().split()
    except (OSError, ValueError):
        return None
    sound = digest == circumstances() and succeeds(tool_path("python"), "-c", "import twisted")
    return set(extras) if sound else None


def circumstances():
    """Digest what an environment is made for: this checkout, this Python, these dependencies."""
    digest = hashlib.sha256()
    for part in (str(ROOT), sys.version, sys.base_prefix):
        digest.update(part.encode() + b"\0")
    digest.update((ROOT / "pyproject.toml").read_bytes())
    return digest.hexdigest()


def make(extras):
    """Make the environment aside with *extras*, and put it in the place of the old one."""
    what = f"gomail[{','.join(extras)}]" if extras else "gomail"
    say(f"installing {what} into .venv, with {this_python()}")
    remove_leftovers()
    aside = ROOT / f".venv.new-{os.getpid()}"
    try:
        make_empty(aside)
        install_pip(aside)
        install_gomail(aside, extras, what)
        move_into_place(aside)
    finally:
        remove_leftovers()
    (VENV / STAMP).write_text("\n".join([circumstances(), *extras]) + "\n")


def remove_leftovers():
    """Remove what runs before this one, and this one, left beside .venv."""
    for leftover in ROOT.glob(".venv.new-*"):
        shutil.rmtree(str(leftover), ignore_errors=True)


def make_empty(aside):
    """Make an environment without pip: that works where Debian's python3-venv is missing too."""
    try:
        import venv
    except ImportError:
        raise Stop(f"this Python has no venv module; try: {remedy('python3-venv')}")
    venv.create(str(aside), symlinks=True)


def install_gomail(aside, extras, what):
    """Install the checkout as editable, and its dependencies as wheels."""
    target = f"{ROOT}[{','.join(extras)}]" if extras else str(ROOT)
    options = ("--quiet", "--only-binary", ":all:", "--editable", target)
    if not pip(aside / "bin" / "python", "install", *options):
        raise Stop(f"pip could not install {what}: {complaint()} (all of it is in {LOG.name})")


def move_into_place(aside):
    """Give *aside* the name .venv, also inside the scripts, which carry absolute paths."""
    for script in (aside / "bin").iterdir():
        if not script.is_symlink():
            octets = script.read_bytes()
            script.write_bytes(octets.replace(os.fsencode(str(aside)), os.fsencode(str(VENV))))
    if VENV.exists() or VENV.is_symlink():
        VENV.rename(f"{aside}-old")
    aside.rename(VENV)


def install_pip(aside):
    """Put pip into the new environment, from the first source that has one."""
    python = aside / "bin" / "python"
    for source in (pip_of_ensurepip, pip_of_a_wheel, pip_of_this_python, pip_of_debian):
        if source(python):
            return
    raise Stop(f"this Python has no pip to install with; try: {remedy('python3-venv')}")


def pip_of_ensurepip(python):
    """Python's own wheel of pip, which Debian moves to python3-venv."""
    return succeeds(python, "-m", "ensurepip", "--default-pip")


def pip_of_a_wheel(python, folder=Path("/usr/share/python-wheels")):
    """A wheel of pip in *folder*, where distributions keep theirs."""
    wheels = sorted(folder.glob("pip-*.whl"))
    return bool(wheels) and pip(python, "install", "--no-index", wheels[-1], wheel=wheels[-1])


def pip_of_this_python(python):
    """The pip of the Python that runs this file, asked to install another."""
    return pip(sys.executable, "--python", python, "install", "--only-binary", ":all:", "pip")


def pip_of_debian(python):
    """Debian's package with the wheel of pip: fetched, checked and unpacked, but not installed."""
    folder = python.parent.parent / "python3-pip-whl"
    folder.mkdir()
    for command in ("apt-get download python3-pip-whl", "dpkg-deb -x python3-pip-whl_*.deb ."):
        if not succeeds("sh", "-c", command, cwd=folder):
            return False
    return pip_of_a_wheel(python, folder / "usr/share/python-wheels")


def pip(python, *arguments, wheel=None):
    """Run *python*'s pip, or the one inside *wheel*; tell whether it succeeded."""
    environment = dict(os.environ, PIP_DISABLE_PIP_VERSION_CHECK="1")
    if wheel is not None:
        environment["PYTHONPATH"] = str(wheel)
    return succeeds(python, "-m", "pip", *arguments, env=environment)


def complaint():
    """Say in a few words why pip gave up, and what helps."""
    log = LOG.read_text(errors="replace")
    if "Could not find a suitable TLS CA certificate bundle" in log:
        return f"no certificates to know its index by; try: {remedy('ca-certificates')}"
    unreachable = re.search(r"connection broken by .*\[(?:Errno [-\d]+|SSL: \w+)\] ([^'\")]+)", log)
    if unreachable:
        return f"its index cannot be reached: {unreachable.group(1).strip()}"
    errors = re.findall(r"^\s*ERROR: (.+)$", log, re.MULTILINE)
    return (errors or log.strip().splitlines() or ["without a word"])[-1]


def succeeds(*command, **options):
    """Run *command* with its output in the log; tell whether it went well."""
    arguments = [str(argument) for argument in command]
    with LOG.open("w") as log:
        options.update(stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            return subprocess.call(arguments, **options) == 0
        except OSError as error:
            log.write(f"{arguments[0]}: {error}\n")
            return False


def say(line):
    """Tell the user, on standard error, what the wait is for."""
    print(f"bootstrap: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Stop as stop:
        sys.exit(f"bootstrap: {stop}")
    except OSError as error:
        sys.exit(f"bootstrap: cannot work in {ROOT}: {error}")
    except KeyboardInterrupt:
        sys.exit("bootstrap: interrupted; the next run begins again")
