"""The press: HTML in, PDF out, as a program of its own. `python -I press.py FOLDER < page.html > page.pdf`

It reads style sheets and fonts beneath FOLDER and nothing else: no network, no other file. Only `governance.paper`
starts it. Exit codes: 0 printed, 3 a library of the system is missing, anything else broke.
"""

from __future__ import annotations

import re
import resource
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

BASE = "https://static.invalid/"
"""Where a page's style sheets seem to lie; no such host exists, nor is it ever asked."""
MISSING = 3
SECONDS = 30
BYTES = 2 * 1024**3
SVG = "{http://www.w3.org/2000/svg}svg"
KINDS = {".css": "text/css", ".woff2": "font/woff2"}
_BOTH = re.compile(r"light-dark\(\s*((?:[^(),]|\([^()]*\))+),(?:[^()]|\([^()]*\))+\)")


def main() -> int:
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 5))
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    try:
        import weasyprint  # here, as without Pango it cannot even be imported
        from weasyprint import html as drawn
        from weasyprint.urls import URLFetcher, URLFetcherResponse
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        return MISSING
    folder = Path(sys.argv[1]).resolve()

    class Shelf(URLFetcher):  # type: ignore[misc]  # it carries no types
        """Hands out what lies beneath the folder, and refuses every other address."""

        def fetch(self, url: str, headers: object = None) -> URLFetcherResponse:
            path = lying_at(url, folder)
            return URLFetcherResponse(url, shown(path), {"Content-Type": KINDS[path.suffix]})

    svg = drawn.HTML_HANDLERS[SVG]
    drawn.HTML_HANDLERS[SVG] = lambda element, box, *more: svg(tinted(element, box), box, *more)
    page = weasyprint.HTML(string=sys.stdin.buffer.read().decode(), base_url=BASE, url_fetcher=Shelf())
    page.write_pdf(sys.stdout.buffer, pdf_tags=True)
    return 0


def tinted(element: Any, box: Any) -> Any:
    """Return a drawing with its colour written on it: here `currentColor` in it does not see the page's styles."""
    *channels, _alpha = box.style["color"].to("srgb")
    element.set("color", f"#{''.join(f'{round(channel * 255):02x}' for channel in channels)}")
    return element


def lying_at(url: str, folder: Path) -> Path:
    """Return the file of an address under BASE; ValueError if it is not a style sheet or font beneath the folder."""
    parts = urlsplit(url)
    path = (folder / unquote(parts.path).lstrip("/")).resolve()
    if not url.startswith(BASE) or not path.is_relative_to(folder) or path.suffix not in KINDS:
        raise ValueError(f"{url} is not on the shelf")
    return path


def shown(path: Path) -> bytes:
    """Return what the file holds; of a style sheet's colours the light ones, as paper has no dark theme."""
    return _BOTH.sub(r"\1", path.read_text()).encode() if path.suffix == ".css" else path.read_bytes()


if __name__ == "__main__":
    sys.exit(main())
