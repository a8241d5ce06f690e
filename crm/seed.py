"""The company itself: teams, people, roles."""

import secrets

from django.contrib.auth.hashers import make_password

from crm import tags
from crm.field_access import HIDDEN, VIEW
from crm.models import BusinessCalendar, Notification, SpecialDay, Tag, Team, User, Workspace
from crm.roles import create_standard_roles

PEOPLE = [
    # role, name, email, team, language
    ("owner", "Henrik Dahl", "owner@halden.example", "Halden", "en"),
    ("sales_manager", "Anton Reis", "sales.manager@halden.example", "Sales", "en"),
    ("sales_rep", "Maya Lindgren", "sales.rep@halden.example", "Sales Europe", "en"),
    ("support_lead", "Olga Karpova", "support.lead@halden.example", "Support", "ru"),
    ("support_agent", "Anna Melnik", "support.agent@halden.example", "Support", "ru"),
    ("marketer", "Clara Novak", "marketer@halden.example", "Marketing", "en"),
    ("analyst", "Ivan Sorokin", "analyst@halden.example", "Marketing", "ru"),
    ("admin", "Sam Berger", "admin@halden.example", "Halden", "en"),
    ("sales_rep", "Jonas Falk", "jonas.falk@halden.example", "Sales Europe", "en"),
    ("sales_rep", "Анна Ким", "anna.kim@halden.example", "Sales Russia", "ru"),
    ("sales_rep", "Дмитрий Орлов", "dmitry.orlov@halden.example", "Sales Russia", "ru"),
    ("support_agent", "Lena Vogt", "lena.vogt@halden.example", "Support", "en"),
]


# Sales reps sell by the price and leave accounts to the books; support and marketing need no bank account at all.
LIMITS = {
    "sales_rep": {"product": {"cost": HIDDEN}, "company": {"bank": VIEW}},
    "support_agent": {"company": {"bank": HIDDEN}, "contact": {"birthday": HIDDEN}},
    "marketer": {"company": {"bank": HIDDEN}},
}


def seed(plan):
    """Workspace, teams, roles, users with random passwords, working hours."""
    Workspace(
        name="Halden Instruments", language="en", time_zone="Europe/Berlin", country="DE", currency="EUR",
        mail_from="hello@halden.example", mail_name="Halden Instruments", address="Messweg 4, 10115 Berlin",
        phone="+49 30 5550100", is_demo=True,
    ).save()  # fmt: skip
    _teams(plan)
    _people(plan)
    _calendar(plan)
    rep = plan.users["sales_rep"]
    Notification.objects.create(
        user=rep, kind="job.finished", key="welcome", text="Welcome to Halden Instruments", url="/"
    )


def seed_tags(plan):
    """Tags as records carry them, some with a colour."""
    tags.count()
    for colour, names in (
        ("acc", ["vip", "vip-client"]),
        ("green", ["partner", "newsletter"]),
        ("amber", ["trade-fair"]),
    ):
        Tag.objects.filter(name__in=names).update(colour=colour)


def _teams(plan):
    for name, parent in [
        ("Halden", None), ("Sales", "Halden"), ("Sales Europe", "Sales"), ("Sales Russia", "Sales"),
        ("Support", "Halden"), ("Marketing", "Halden"),
    ]:  # fmt: skip
        plan.teams[name] = Team.objects.create(name=name, parent=plan.teams.get(parent))


def _people(plan):
    roles = create_standard_roles()
    for code, limits in LIMITS.items():
        roles[code].fields = limits
        roles[code].save(update_fields=["fields"])
    for role, name, email, team, language in PEOPLE:
        password = secrets.token_urlsafe(12)
        user = User(
            email=email, name=name, team=plan.teams[team], language=language, password=make_password(password),
            time_zone="Europe/Moscow" if language == "ru" else "Europe/Berlin",
            is_staff=role == "admin", is_superuser=role == "admin",
        )  # fmt: skip
        user.save()
        user.roles.add(roles[role])
        if role not in plan.users:
            plan.users[role] = user
            plan.passwords.append({"role": role, "email": email, "password": password})
        if role == "sales_rep":
            plan.reps.setdefault(language, []).append(user)
        if role.startswith("support"):
            plan.agents.append(user)


def _calendar(plan):
    calendar = BusinessCalendar.objects.create(name="Berlin", time_zone="Europe/Berlin", week="0-4 09:00-18:00")
    for month, day, name in [(1, 1, "New Year"), (5, 1, "Labour Day"), (12, 25, "Christmas"), (12, 26, "Boxing Day")]:
        for year in (plan.now.year - 1, plan.now.year, plan.now.year + 1):
            SpecialDay.objects.create(
                calendar=calendar, day=plan.now.date().replace(year=year, month=month, day=day), name=name
            )
