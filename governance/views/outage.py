"""What a person, or an agent, hears when something broke: 503 while the database is away, 500 for anything else."""

import sys

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.views.defaults import server_error

from governance.databases import is_away

RETRY_AFTER = 5
WORDS = (
    "The database cannot be reached at the moment. Whether this was done is not known here; look again, or repeat it."
)


def broke(request: HttpRequest) -> HttpResponse:
    """Called by Django with the exception under way. Asks no database, for it may be away."""
    error = sys.exception()
    if not isinstance(error, Exception) or not is_away(error):
        return server_error(request)
    connection.close()
    answer: HttpResponse
    if request.path.startswith("/api/"):
        answer = JsonResponse({"detail": WORDS}, status=503)
    else:
        answer = HttpResponse(render_to_string("503.html", {"words": WORDS}), status=503)
    answer["Retry-After"] = str(RETRY_AFTER)
    return answer
