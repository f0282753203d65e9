"""Filters that say in words when things happen: `{{ step.wait|wait_words }}`; see `governance.flowwords`."""

from __future__ import annotations

from django.template import Library

from governance import flowwords

register = Library()
register.filter("wait_words", flowwords.wait_words)
register.filter("join_words", flowwords.join_words)
register.filter("repeat_words", flowwords.repeat_words)
register.filter("schedule_words", flowwords.schedule_words)
