"""`run APP VERB [NUMBER]`: one verb of a peer's application; prints what it returns."""

import sys
from importlib import import_module


def main(app: str, verb: str, *words: str) -> None:
    found = getattr(import_module(f"tests.benchmarks.peers.{app}"), verb)(*map(int, words))
    if found is not None:
        sys.stdout.write(f"{found}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
