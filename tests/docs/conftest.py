"""What stories have in common with the tests of other people's programs."""

from tests.interop.conftest import folder, gomail, owned, owner, start_gomail

__all__ = ["folder", "gomail", "owned", "owner", "start_gomail"]
