"""docs/milters.md has filters listen as they should, say the filters themselves."""

from pathlib import Path

import pytest

from tests.docs.story import Story
from tests.interop.rspamd import started
from tests.interop.software import needs, run


@pytest.mark.interop
def test_filters_understand_their_settings(folder: Path) -> None:
    """A proxy of rspamd's listens by them; ClamAV's and OpenDKIM's own checks find no fault."""
    with Story("docs/milters.md") as story:
        worker = story.take("rspamd", '"127.0.0.1:11332"')
        worker = worker.replace('"127.0.0.1:11332"', f'"{folder}/rspamd.sock mode=0666"')
        needs("rspamd")
        started(folder, "", f'worker "rspamd_proxy" {{\ncount = 1;\n{worker}}}\n').stop()
        (folder / "clamav-milter.conf").write_text(story.take("clamav-milter"))
        said = run([needs("clamconf"), "-c", folder, "clamav-milter.conf"])
        assert "ERROR" not in said
        assert 'OnInfected = "Quarantine"' in said
        (folder / "opendkim.conf").write_text(story.take("opendkim"))
        run([needs("opendkim"), "-n", "-x", folder / "opendkim.conf"])
