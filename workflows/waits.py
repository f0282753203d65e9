def wakes_at(wait, found, now):
    return now
