"""The Celery application of the peer: tasks that do nothing. Needs CHAIN_BROKER."""

import os

import redis
from celery import Celery

ENDED = "chains-ended"

app = Celery("chain", broker=os.environ["CHAIN_BROKER"])
app.conf.update(task_ignore_result=True, broker_connection_retry_on_startup=True)
counter = redis.Redis.from_url(os.environ["CHAIN_BROKER"])


@app.task(name="nothing")
def nothing() -> None:
    pass


@app.task(name="last")
def last() -> None:
    counter.incr(ENDED)
