"""`manage.py export_workflow SLUG [--draft]`"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from workflows.definitions import Workflow
from workflows.files import write
from workflows.publishing import part_of


class Command(BaseCommand):
    help = "Print a workflow as the YAML that load_workflow takes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--draft", action="store_true", help="the draft instead of the version in force")

    def handle(self, *, slug: str, draft: bool, **options: Any) -> None:
        workflow = Workflow.objects.filter(slug=slug).first()
        if workflow is None:
            known = ", ".join(Workflow.objects.values_list("slug", flat=True)) or "none"
            raise CommandError(f"There is no workflow “{slug}”; there are: {known}.")
        version = workflow.draft if draft else workflow.version_in_force
        if version is None:
            raise CommandError(f"“{slug}” has no {'draft' if draft else 'version in force'}.")
        self.stdout.write(write([part_of(version)]), ending="")
