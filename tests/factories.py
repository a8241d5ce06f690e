"""Builders of test records: plain functions with defaults."""

from contacts.models import Company, Contact
from crm.models import Role, Team, User


def team(name="Sales", parent=None):
    return Team.objects.create(name=name, parent=parent)


def role(code, grants):
    return Role.objects.create(code=code, name=code, grants=grants)


def user(name, *, team=None, roles=(), **fields):
    person = User(email=f"{name.lower()}@example.com", name=name, team=team, **fields)
    person.set_unusable_password()
    person.save()
    person.roles.set(roles)
    return person


def company(name="Acme", **fields):
    return Company.objects.create(name=name, **fields)


def contact(first="Ann", last="Lee", **fields):
    return Contact.objects.create(first_name=first, last_name=last, **fields)
