"""Celery as Remit needs it: each setting by its name in Celery's documentation, whatever its defaults become."""

import json
import subprocess
import sys

import pytest
from celery.app.defaults import NAMESPACES, flatten
from kombu.transport.redis import Channel

from governance.celery import app
from tests.live import ROOT, environment

PINNED = {
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "task_ignore_result": True,
    "task_store_errors_even_if_ignored": False,
    "task_publish_retry": False,
    "task_serializer": "json",
    "result_serializer": "json",
    "accept_content": ["json"],
    "worker_prefetch_multiplier": 1,
    "worker_enable_remote_control": False,
    "worker_send_task_events": False,
    "worker_hijack_root_logger": False,
    "worker_soft_shutdown_timeout": 3.0,
    "worker_enable_soft_shutdown_on_idle": False,
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    "broker_connection_retry": True,
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    "enable_utc": True,
    "timezone": "UTC",
}
REDIS = {
    "socket_connect_timeout": 1.0,
    "socket_timeout": 2.0,
    "socket_keepalive": True,
    "health_check_interval": 5,
    "visibility_timeout": 120,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    "unacked_restore_limit": 100,
    "unacked_mutex_expire": 30,
}
OF_THE_CONNECTION = {"max_retries": 0}
ASK = "import json; from governance.celery import app; print(json.dumps(app.conf.broker_transport_options))"


@pytest.mark.parametrize(("name", "value"), PINNED.items(), ids=PINNED)
def test_a_setting_is_known_to_celery_and_pinned(name, value):
    assert name in dict(flatten(NAMESPACES))
    assert app.conf[name] == value


def test_with_redis_the_transport_knows_every_option_and_has_it(tmp_path):
    surroundings = {**environment(tmp_path / "state", 18999), "REDIS_URL": "redis://127.0.0.1:1/0"}
    done = subprocess.run(
        [sys.executable, "-c", ASK], cwd=ROOT, env=surroundings, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == {**REDIS, **OF_THE_CONNECTION}
    assert set(REDIS) <= set(Channel.from_transport_options)


def test_a_turn_and_its_longest_effect_end_before_the_broker_gives_their_message_to_another(settings):
    assert REDIS["visibility_timeout"] >= settings.ATTEMPT_SECONDS + 30


def test_celery_repeats_no_task_and_keeps_no_result():
    ours = [task for name, task in app.tasks.items() if name.startswith(("workflows.", "approvals."))]
    assert ours
    assert all(task.ignore_result and task.acks_late and not hasattr(task, "autoretry_for") for task in ours)


def test_the_message_for_work_carries_one_opaque_argument():
    task = app.tasks["workflows.tasks.work"]
    task.__header__("a ring")
    with pytest.raises(TypeError):
        task.__header__("a ring", "an action")
