"""`one WORKFLOW [NAME=VALUE...]`: Ada starts one run, and says when."""

import time

from django.utils import timezone

from governance.people import Person
from workflows.engine.starting import start


def main(workflow: str, *more: str) -> dict[str, float]:
    ada = Person.objects.get(email="ada@tideway.example")
    first = time.monotonic()
    start(workflow, dict(word.split("=", 1) for word in more), ada, timezone.now())
    return {"first": first}
