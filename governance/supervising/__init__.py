"""Everything that `manage.py up` needs to keep web, worker and clock alive on one machine."""
