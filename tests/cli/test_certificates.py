"""``gomail certificates``: what is shown."""

from pathlib import Path

import pytest

from gomail.certificates.keeper import world_time
from gomail.certificates.own import NAME, kept_own
from tests.certificates.pairs import MX, with_other_key, written
from tests.cli.certified import lasting, run


def test_files_are_shown(tmp_path: Path) -> None:
    """Names, who vouches, the end, the number, and whether the key fits."""
    made = lasting(MX, "*.example.net")
    files = written(tmp_path, made)
    shown = run("show", files.certificate, files.key)
    assert shown.exit_code == 0
    assert shown.output.splitlines() == [
        files.certificate,
        f"  names   {MX}, *.example.net",
        "  issuer  CN=Test CA",
        f"  ends    {made.ends:%Y-%m-%d %H:%M} UTC, 50 days left",
        f"  serial  {made.serial}",
        f"  key     {files.key} fits",
    ]


def test_key_that_does_not_fit_is_shown_and_no_success(tmp_path: Path) -> None:
    """A script may go by the exit code."""
    files = written(tmp_path, with_other_key(lasting()))
    shown = run("show", files.certificate, files.key)
    assert shown.exit_code == 1
    assert f"  key     the key {files.key} does not belong to the certificate" in shown.output


def test_what_is_no_certificate_is_told(tmp_path: Path) -> None:
    """In one line."""
    files = written(tmp_path, lasting())
    told = run("show", files.key)
    assert (told.exit_code, told.stdout) == (1, "")
    assert told.stderr.startswith(f"Error: {files.key}: a certificate in PEM was expected")
    assert run("show", "a", "b", "c").exit_code == 2


def test_certificate_alone_is_shown_and_accused_of_nothing(tmp_path: Path) -> None:
    """Of its key nothing was said."""
    files = written(tmp_path, lasting())
    shown = run("show", files.certificate)
    assert shown.exit_code == 0
    assert f"  names   {MX}\n" in shown.output
    assert "  key     none was named; " in shown.output


def test_file_of_settings_is_told_from_a_certificate(tmp_path: Path) -> None:
    """Its option is named; and nobody says both."""
    settings = tmp_path / "gomail.toml"
    settings.write_text("")
    told = run("show", str(settings))
    assert told.exit_code == 1
    assert told.stderr.endswith(f"; for a configuration file: --config {settings}\n")
    assert run("show", str(settings), "--config", str(settings)).exit_code == 2
    assert run("show", str(tmp_path / "none")).exit_code == 1


def test_certificates_of_a_configuration_are_shown(tmp_path: Path) -> None:
    """All of them, whatever their number."""
    written(tmp_path, lasting(), "one")
    written(tmp_path, lasting("other.example"), "two")
    settings = tmp_path / "gomail.toml"
    settings.write_text(
        '[tls]\ncertificate = "one.crt"\nkey = "one.key"\n'
        '[[tls.sni]]\ncertificate = "two.crt"\nkey = "two.key"\n'
    )
    shown = run("show", "--config", str(settings))
    assert shown.exit_code == 0
    assert f"  names   {MX}\n" in shown.output
    assert "  names   other.example\n" in shown.output
    assert run("show", "--config", str(tmp_path / "none")).exit_code == 1


def test_own_certificate_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where none is named, it is the self-signed one."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    missing = run("show")
    assert missing.exit_code == 1
    assert f"{tmp_path}/gomail/{NAME} can't be read: No such file" in missing.stderr
    kept_own(str(tmp_path / "gomail"), MX, world_time())
    shown = run("show")
    assert shown.exit_code == 0
    assert "  issuer  nobody else\n" in shown.output
