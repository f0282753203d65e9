"""`client NAME [WORD...]`: a process beside the workers that uses the product with its ordinary settings.

Runs `main` of the module of that name in `clients` and prints what it returns as one JSON line.
"""

import json
import sys
from importlib import import_module

import django


def main(name: str, *words: str) -> None:
    django.setup()
    answer = import_module(f"tests.benchmarks.clients.{name}").main(*words)
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
