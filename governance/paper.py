"""Pages on paper: HTML as a PDF, set by the press in a process of its own, so that no page can hold up the web.

The press sees the style sheets and fonts of `static/` and nothing else, gets no secrets, and is ended after SECONDS.
"""

from __future__ import annotations

import os
import subprocess
import sys
from threading import BoundedSemaphore

from django.conf import settings

from governance.press import MISSING

SECONDS = 30
AT_ONCE = 2
"""So many are set at once by one web process; who comes then is told to come back, so that no queue of them forms."""
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "XDG_CACHE_HOME", "FONTCONFIG_FILE", "DYLD_FALLBACK_LIBRARY_PATH")
_presses = BoundedSemaphore(AT_ONCE)


class Unprintable(Exception):
    """Why there is no PDF, as a sentence for people."""


def pdf_of(html: str, seconds: float = SECONDS) -> bytes:
    """Return the page as a PDF; Unprintable where the system cannot, within `seconds`, or others are at it."""
    if not _presses.acquire(timeout=2):
        raise Unprintable("Others are having PDFs made. Try again in half a minute.")
    try:
        return _pressed(html, seconds)
    finally:
        _presses.release()


def _pressed(html: str, seconds: float) -> bytes:
    command = [sys.executable, "-I", str(settings.BASE_DIR / "governance/press.py"), str(settings.BASE_DIR / "static")]
    env = {name: os.environ[name] for name in KEPT if name in os.environ}
    try:
        done = subprocess.run(command, input=html.encode(), capture_output=True, timeout=seconds, env=env, check=False)
    except subprocess.TimeoutExpired:
        raise Unprintable(f"It is too long to be set as a PDF within {seconds:g} seconds.") from None
    if done.returncode == MISSING:
        raise Unprintable("This installation makes no PDFs: the system library Pango is missing.")
    if done.returncode:
        raise Unprintable("The PDF could not be set.")
    return done.stdout
