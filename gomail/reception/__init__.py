"""
The reception: what becomes of those who come, and of the messages that they leave.

`story` tells it; `arrival` is its last chapter, about one message; `office` is what all share.
"""

from gomail.reception.office import Office
from gomail.reception.story import Reception, Receptions

__all__ = ["Office", "Reception", "Receptions"]
