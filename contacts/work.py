"""What work (tasks, calls, meetings, the calendar, playbooks) registers."""

from functools import partial

from django.utils.translation import gettext_lazy

from contacts.models import Participant
from contacts.panels import playbooks_panel
from contacts.services import next_steps, playbooks
from crm.events import choice, declare, subscribe
from crm.notify import declare_notification
from crm.registry import (
    Command,
    NavItem,
    SettingsPage,
    WorkTarget,
    command,
    nav,
    panel,
    periodic,
    settings_page,
    work_target,
)

declare("task.created", gettext_lazy("{actor} noted a task: {title}"), icon="checkbox")
declare("task.done", gettext_lazy("{actor} did: {title}"), icon="check", group="talks")
declare("task.reopened", gettext_lazy("{actor} opened again: {title}"), icon="rotate")
declare("task.moved", gettext_lazy("{actor} moved {title}"), icon="calendar-due", noisy=True)
declare("task.delegated", gettext_lazy("{actor} gave a task to {to}"), icon="user-share")
declare("task.deleted", gettext_lazy("{actor} deleted the task {title}"), icon="trash")
declare("task.put_back", gettext_lazy("{actor} took back that it was deleted: {title}"), icon="rotate")
declare("task.invited", gettext_lazy("{actor} invited {to}: {title}"), icon="send", group="email")
declare(
    "task.answered",
    gettext_lazy("{name}: {answer} ({title})"),
    icon="message-circle",
    group="email",
    reads={"answer": choice(Participant.Answer.choices, "answer")},
)
declare("task.series_changed", gettext_lazy("{actor} changed what repeats: {title}"), icon="repeat")
declare("task.series_ended", gettext_lazy("{actor} ended what repeats: {title}"), icon="repeat-off")
declare("playbook.started", gettext_lazy("{actor} put the playbook {title} to work"), icon="player-play")
declare("playbook.stopped", gettext_lazy("{actor} stopped the playbook {title}"), icon="player-stop")
declare("playbook.finished", gettext_lazy("The playbook {title} is done"), icon="checks")

declare_notification("task.assigned", gettext_lazy("A task was given to you"), mail=True)
declare_notification("task.reminder", gettext_lazy("A reminder of a task, a call or a meeting"), mail=True)
declare_notification("task.invited", gettext_lazy("A colleague counts on you in a meeting"), mail=True)
declare_notification("task.answered", gettext_lazy("A guest answers your invitation"))
declare_notification("task.digest", gettext_lazy("The morning letter with what is due (mail only)"), mail=True)

periodic("contacts.tasks.send_reminders", every=20)
periodic("contacts.tasks.make_occurrences", every=300)
periodic("contacts.tasks.send_digests", every=600)
periodic("contacts.tasks.mend_next_steps", every=900)

work_target(WorkTarget("contact", "contacts.contact", lambda row: (row, row.company), next_steps.repeat_on_contacts))
work_target(WorkTarget("company", "contacts.company", lambda row: (None, row), next_steps.repeat_on_companies))

subscribe("task.done", "task.reopened", "task.deleted", name="contacts.playbook_step")(playbooks.follow_task)

nav(NavItem("", gettext_lazy("Calendar"), "contacts:calendar", "calendar-week", "task", 2, shortcut="k"))
command(Command(gettext_lazy("Calendar"), "contacts:calendar", "calendar-week", "task"))
settings_page(
    SettingsPage(
        gettext_lazy("Activity types"),
        gettext_lazy("Kinds of visits and talks of your own"),
        "contacts:types",
        "calendar-plus",
    )
)
settings_page(
    SettingsPage(
        gettext_lazy("Playbooks"),
        gettext_lazy("Sets of steps for what comes again and again"),
        "contacts:playbooks",
        "list-check",
    )
)


for _kind in ("contact", "company", "deal"):
    panel(_kind, name="playbooks", title=gettext_lazy("Playbooks"), order=40, kind="task", icon="list-check")(
        partial(playbooks_panel, _kind)
    )
