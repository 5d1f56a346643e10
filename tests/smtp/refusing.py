"""With which reply something is refused."""

from collections.abc import Callable

import pytest

from gomail.reply import Refused, Reply


def refusal(read: Callable[[], object]) -> Reply:
    """Give the reply with which *read* refuses."""
    with pytest.raises(Refused) as caught:
        read()
    return caught.value.reply
