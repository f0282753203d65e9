"""Make icons.svg of the icons named in icons.txt: `python sprite.py node_modules/@tabler/icons > icons.svg`."""

import re
import sys
from pathlib import Path

OWN = {
    "mark": '<path d="M8 4H4v16h4M16 4h4v16h-4"/><circle cx="12" cy="12" r="3.2" fill="currentColor" stroke="none"/>',
    "loosens": '<path d="M10 12H2.5M6 8.5 2.5 12 6 15.5M14 12h7.5M18 8.5l3.5 3.5-3.5 3.5"/>',
    "tightens": '<path d="M2.5 12H10M6.5 8.5 10 12l-3.5 3.5M21.5 12H14M17.5 8.5 14 12l3.5 3.5"/>',
}


def drawing(name: str) -> str:
    """The shapes of one icon, without Tabler's empty background."""
    source = (Path(sys.argv[1]) / "icons" / "outline" / f"{name}.svg").read_text()
    inner = source[source.index(">") + 1 : source.rindex("</svg>")]
    shapes = [line.strip() for line in inner.splitlines() if line.strip() and "M0 0h24v24H0z" not in line]
    return re.sub(r"\s+/>", "/>", "".join(shapes))


names = Path(__file__).with_name("icons.txt").read_text().split()
symbols = {**OWN, **{name: drawing(name) for name in names}}
sys.stdout.write('<svg xmlns="http://www.w3.org/2000/svg">\n')
for name, shapes in sorted(symbols.items()):
    sys.stdout.write(f'<symbol id="{name}" viewBox="0 0 24 24">{shapes}</symbol>\n')
sys.stdout.write("</svg>\n")
