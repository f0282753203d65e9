"""Writers of all processes take turns on SQLite: a click does not wait for a worker that writes batch after batch."""

from threading import Thread

from governance.sqlite.turnstile import Turnstile


def test_who_waits_goes_before_who_was_just_in(tmp_path):
    worker, web = Turnstile(tmp_path / "db"), Turnstile(tmp_path / "db")
    order = []

    def click():
        assert web.enter(5)
        order.append("web")
        web.leave()

    assert worker.enter(1)
    thread = Thread(target=click)
    thread.start()
    onlooker = Turnstile(tmp_path / "db")
    while onlooker.is_door_open():  # until the click stands at the door
        pass
    worker.leave()
    assert worker.enter(5)
    order.append("worker")
    worker.leave()
    thread.join()
    assert order == ["web", "worker"]
    for each in (worker, web, onlooker):
        each.close()


def test_waiting_ends_when_the_time_is_up(tmp_path):
    worker, web = Turnstile(tmp_path / "db"), Turnstile(tmp_path / "db")
    assert worker.enter(1)
    assert not web.enter(0.05)
    worker.leave()
    assert web.enter(1)
    worker.close()
    web.close()


def test_what_a_closed_connection_held_is_free(tmp_path):
    worker, web = Turnstile(tmp_path / "db"), Turnstile(tmp_path / "db")
    assert worker.enter(1)
    worker.close()
    assert web.enter(1)
    web.close()
