"""What beat rings for can be run by workers."""

from crm.celery import app
from crm.registry import periodic_tasks


def test_every_periodic_entry_names_a_task():
    app.loader.import_default_modules()
    assert sorted(entry.task for entry in periodic_tasks() if entry.task not in app.tasks) == []


def test_the_limits_of_every_task_fit_into_each_other():
    """Celery refuses to send a task whose soft limit is above the hard one; the broker gives a longer one out twice."""
    app.loader.import_default_modules()
    visible = app.conf.broker_transport_options["visibility_timeout"]
    ours = {name: task for name, task in app.tasks.items() if not name.startswith("celery.")}
    assert len(ours) >= len(periodic_tasks())
    for name, task in ours.items():
        soft = task.soft_time_limit or app.conf.task_soft_time_limit
        hard = task.time_limit or app.conf.task_time_limit
        assert soft < hard < visible, name
