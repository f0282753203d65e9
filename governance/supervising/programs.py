"""The command lines of the three programs that make up a running Remit."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Program:
    name: str
    module: str
    arguments: tuple[str, ...]


def web(listener: int) -> Program:
    """gunicorn on an already bound socket. Threads wait for the database; the second process is for the second core.

    The application is loaded before forking: it costs one import instead of two, and a lost process is back at once.
    """
    return Program(
        "web",
        "gunicorn",
        (
            *("governance.wsgi:application", "--preload", "--bind", f"fd://{listener}"),
            *("--worker-class", "gthread", "--workers", "2", "--threads", "8"),
            *("--graceful-timeout", "3", "--keep-alive", "5", "--no-control-socket"),
        ),
    )


def worker(number: int) -> Program:
    """One Celery worker that works in its own process; several of them make up for a pool.

    With a broker that has no event loop, Celery's prefork pool shares one locked queue between its processes. One that
    is killed there keeps the lock: nothing is worked on any more, and the pool cannot even be stopped.
    """
    name = f"worker{number}"
    return Program(
        name,
        "celery",
        (
            *("--quiet", "-A", "governance.celery", "worker", "--pool=solo", f"--hostname={name}@%h"),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        ),
    )


def clock() -> Program:
    """Celery beat with its schedule in memory: intervals of seconds are not worth a file."""
    return Program(
        "clock",
        "celery",
        ("--quiet", "-A", "governance.celery", "beat", "--scheduler", "celery.beat:Scheduler"),
    )
