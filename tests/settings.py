"""The product's settings with a state of its own, and no doorbell: tests do the work themselves."""

import os
import tempfile

os.environ["REMIT_STATE"] = tempfile.mkdtemp(prefix="remit-tests-")
os.environ["REMIT_RING"] = "false"

from governance.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DATABASES["default"].get("OPTIONS", {}).pop("options", None)  # noqa: F405  (a test may think long in its transaction)
