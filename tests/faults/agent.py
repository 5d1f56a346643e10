"""The delivery agent of the server beside it, with the cheats that its arguments name."""

import sys

from gomail.delivery.agent import main
from tests.faults.cheats import cheat
from tests.faults.weather import expose

if __name__ == "__main__":
    cheat(*sys.argv[1:])
    expose(*sys.argv[1:])
    main()
