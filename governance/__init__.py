"""Who may let software do what, and what was done. Also the Django project; Celery's app is loaded with it."""

from governance.celery import app as celery_app

__all__ = ["celery_app"]
