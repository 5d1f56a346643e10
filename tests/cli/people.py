"""Who begins with gomail, in tests."""

import os
import pwd

USER = next(user for user in pwd.getpwall() if user.pw_uid)
ME = pwd.getpwuid(os.geteuid()) if os.geteuid() else USER
