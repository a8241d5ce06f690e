"""What the core itself registers."""

from django.utils.translation import gettext_lazy as _

from crm import access, jobs, notify, outbox  # noqa: F401  jobs registers its outbox handler
from crm.mail import notifications  # noqa: F401  registers its outbox handler
from crm.models import User, Workspace
from crm.registry import periodic

access.register("settings", _("Company settings"), Workspace)
access.register("user", _("Users, teams and roles"), User)

notify.declare_notification("job.finished", _("A job of yours has finished"))

periodic("crm.tasks.sweep_outbox", every=3)
periodic("crm.tasks.sweep_mail", every=3, queue="mail")
periodic("crm.tasks.beat_heartbeat", every=15)
periodic("crm.tasks.make_event_partitions", every=6 * 3600)
