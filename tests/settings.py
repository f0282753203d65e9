"""The product's settings with a state of its own, and no doorbell: tests do the work themselves."""

import os
import tempfile

os.environ["REMIT_STATE"] = tempfile.mkdtemp(prefix="remit-tests-")
os.environ["REMIT_RING"] = "false"

from governance.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DATABASES["default"].get("OPTIONS", {}).pop("options", None)  # noqa: F405  (a test may think long in its transaction)
if DATABASES["default"]["ENGINE"] == "governance.sqlite":  # noqa: F405
    DATABASES["default"]["TEST"] = {"NAME": ":memory:"}  # noqa: F405  (said out loud, or two workers would name a file)
CACHES["default"]["KEY_PREFIX"] = os.environ.get("PYTEST_XDIST_WORKER", "")  # noqa: F405  (they may share one Redis)
