"""What the core itself registers."""

from django.utils.translation import gettext_lazy as _

from crm import access, conditions, jobs, notify, outbox, participants, seed  # noqa: F401  register handlers and ears
from crm.custom import history, indexes, kinds  # noqa: F401  register themselves
from crm.custom import seed as custom_seed
from crm.events import declare
from crm.lists import bulk, export  # noqa: F401  register their jobs
from crm.mail import bounces, notifications  # noqa: F401  register an ear and an outbox handler
from crm.models import Alert, CustomField, Feed, SavedView, User, Workspace
from crm.objects import kind_acts, panels, registering  # noqa: F401  register themselves
from crm.objects import seed as objects_seed
from crm.registry import Command, NavItem, SettingsPage, command, nav, periodic, seeder, settings_page
from crm.views import tags  # noqa: F401  registers the list of tags

conditions.held_in(SavedView, "tree")
conditions.held_in(Feed, "wish")
conditions.held_in(Alert, "wish")
conditions.held_in(CustomField, "rules")
access.register("settings", _("Company settings"), Workspace)
access.register("user", _("Users, teams and roles"), User)

notify.declare_notification("job.finished", _("A job of yours has finished"))
notify.declare_notification("records.assigned", _("Many records were given to you at once"), mail=True)
notify.declare_notification("list.alert", _("A record enters a filter that you watch"))
notify.declare_notification("mail.bounced", _("Letters do not arrive"))
notify.declare_notification("file.trouble", _("A file is missing or damaged in the store"), mail=True)
notify.declare_notification("note.mention", _("Somebody mentions you in a note"), mail=True)
notify.declare_notification("record.opened", _("A record was opened to you"))
notify.declare_notification("record.followed", _("Something happens on a record you follow"))
for _name, _sentence, _icon in (
    ("created", _("{actor} added {target}"), "plus"),
    ("assigned", _("{actor} gave {target} to {to}"), "user-share"),
    ("deleted", _("{actor} deleted {title}"), "trash"),
    ("tied", _("{actor} linked {target}: {label}"), "link"),
    ("untied", _("{actor} took the link away from {target}: {label}"), "link-off"),
):
    declare(f"object.{_name}", _sentence, icon=_icon)
declare("object.changed", _("{actor} changed {label}: {after}"), icon="pencil", noisy=True)
declare("email.bounced", _("The letter {subject} came back"), icon="mail-x", group="email")

periodic("crm.tasks.sweep_outbox", every=3)
periodic("crm.tasks.end_given_up_jobs", every=300)
periodic("crm.tasks.sweep_mail", every=3, queue="mail")
periodic("crm.tasks.beat_heartbeat", every=15)
periodic("crm.tasks.remove_stray_uploads", every=6 * 3600)
periodic("crm.tasks.compare_files", every=300)
periodic("crm.tasks.make_event_partitions", every=6 * 3600)
periodic("crm.tasks.check_alerts", every=60)
periodic("crm.tasks.count_tags", every=600)

nav(NavItem("", _("Today"), "today", "checkbox", order=0, shortcut="t"))

settings_page(SettingsPage(_("Profile"), _("Name, language, theme, notifications"), "profile", "user", "", order=0))
settings_page(
    SettingsPage(
        _("Two-step sign-in"), _("Code app, passkeys, recovery codes"), "mfa_index", "shield-lock", "", order=1
    )
)
settings_page(SettingsPage(_("Password"), _("Change the password"), "account_change_password", "key", "", order=2))
settings_page(SettingsPage(_("Sessions"), _("Where you are signed in"), "usersessions_list", "devices", "", order=3))
settings_page(
    SettingsPage(
        _("Feeds and alerts"), _("Filters that other programs read, or that tell you"), "watches", "rss", "", order=4
    )
)
settings_page(
    SettingsPage(_("Company"), _("Name, language, currency, sender"), "company_settings", "building", order=10)
)
settings_page(SettingsPage(_("Users"), _("People, invitations, who may sign in"), "users", "users", "user", order=11))
settings_page(SettingsPage(_("Teams"), _("Who works with whom"), "teams", "sitemap", "user", order=12))
settings_page(
    SettingsPage(
        _("Own fields"), _("What your company wants to know beyond the usual"), "custom_fields", "forms", order=15
    )
)
settings_page(
    SettingsPage(
        _("Own objects"),
        _("Contracts, equipment, courses: with fields, rights and relations, without code"),
        "object_kinds",
        "box",
        order=16,
    )
)
settings_page(SettingsPage(_("Roles"), _("Who may see and change what"), "roles", "lock", "user", order=13))

settings_page(
    SettingsPage(_("Tags"), _("Rename, merge and colour the words that records carry"), "tags", "tag", order=16)
)

command(Command(_("Invite somebody"), "invitation_create", "user-plus", "user", "edit"))
command(Command(_("Profile"), "profile", "user"))
command(Command(_("Settings"), "settings", "settings"))
command(Command(_("Jobs"), "jobs", "list-check"))

seeder("company", order=0)(seed.seed)
seeder("own fields", order=70)(custom_seed.seed)
seeder("tags", order=95)(seed.seed_tags)
seeder("own kinds", order=72)(objects_seed.seed)
