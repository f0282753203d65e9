"""procrastinate: five jobs that do nothing, each deferring the next. Needs PEER_DATABASE."""

import asyncio
import os
import time

from procrastinate import App, PsycopgConnector

STEPS = 5
SIDE_BY_SIDE = 10
app = App(connector=PsycopgConnector(conninfo=os.environ["PEER_DATABASE"]))


@app.task(name="step")
async def step(number: int) -> None:
    if number < STEPS:
        await step.defer_async(number=number + 1)


def schema() -> None:
    asyncio.run(_schema())


def send(chains: int) -> float:
    """Return the moment of the first sending; all are sent in one statement, the fastest way there is."""
    return asyncio.run(_send(chains))


def work() -> None:
    asyncio.run(_work())


async def _schema() -> None:
    async with app.open_async():
        await app.schema_manager.apply_schema_async()


async def _send(chains: int) -> float:
    async with app.open_async():
        first = time.monotonic()
        await step.batch_defer_async(*({"number": 1} for _ in range(chains)))
        return first


async def _work() -> None:
    async with app.open_async():
        await app.run_worker_async(concurrency=SIDE_BY_SIDE)
