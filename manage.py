#!/usr/bin/env python
"""Django's command line for Remit."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.settings")
    from django.core.management import execute_from_command_line
    from django.db import DatabaseError

    try:
        execute_from_command_line(sys.argv)
    except DatabaseError as error:
        if "no such table" not in str(error) and "UndefinedTable" not in repr(error.__cause__):
            raise
        sys.exit("The database is still empty. Start Remit once with: uv run manage.py up (or run: manage.py migrate)")


if __name__ == "__main__":
    main()
