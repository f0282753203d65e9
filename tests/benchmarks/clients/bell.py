"""`bell TIMES`: rings the doorbell, and says when."""

import time

from workflows import doorbell


def main(times: str) -> dict[str, float]:
    first = time.monotonic()
    for _ in range(int(times)):
        doorbell.ring()
    return {"first": first}
