"""SQLite as Remit uses it: Django's backend, with writers of all processes taking turns."""
