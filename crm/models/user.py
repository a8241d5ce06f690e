"""People, teams and roles."""

from functools import cached_property

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import connection, models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm import access, audit, field_access


class Team(models.Model):
    """A node of the team tree. Who sees a team's records also sees those of the teams below it."""

    name = models.CharField(_("name"), max_length=100)
    parent = models.ForeignKey(
        "self", models.PROTECT, verbose_name=_("part of"), null=True, blank=True, related_name="children"
    )

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        ordering = ["name"]
        constraints = [models.UniqueConstraint("name", "parent", name="team_name_unique", nulls_distinct=False)]

    def __str__(self):
        return self.name

    def branch_ids(self):
        """Keys of this team and of all below it, in one query."""
        with connection.cursor() as cursor:
            cursor.execute(
                "WITH RECURSIVE branch AS ("
                " SELECT id FROM crm_team WHERE id = %s"
                " UNION SELECT t.id FROM crm_team t JOIN branch b ON t.parent_id = b.id"
                ") SELECT id FROM branch ORDER BY id",
                [self.pk],
            )
            return [row[0] for row in cursor.fetchall()]


class Role(models.Model):
    """A named set of rights: `grants` is {"deal": {"view": 3, "edit": 2, "delete": 1, "export": 1}, …}.

    `fields` limits single fields of a kind: {"contact": {"phone": 0}}, in the levels of `crm.field_access`.
    """

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=100)
    grants = models.JSONField(_("grants"), default=dict, blank=True)
    fields = models.JSONField(_("limited fields"), default=dict, db_default={}, blank=True)

    class Meta:
        verbose_name = _("role")
        verbose_name_plural = _("roles")
        ordering = ["name"]

    def __str__(self):
        return self.name

    def level(self, kind, act):
        """What this role gives: a level of `crm.access`."""
        return int(self.grants.get(kind, {}).get(act, access.NONE))


class UserManager(BaseUserManager):
    def create_user(self, email, password=None, **fields):
        """Create a user; the email is the name by which the person signs in."""
        if not email:
            raise ValueError("An email address is needed.")
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email, password=None, **fields):
        """Create an administrator, who may do everything."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, email):
        return self.get(email=(email or "").strip().lower())


@audit.tracked(exclude=["password", "last_login", "notify"])
class User(AbstractBaseUser, PermissionsMixin):
    """A person who works in Rapport."""

    THEMES = [("auto", _("as the device")), ("light", _("light")), ("dark", _("dark"))]

    email = models.EmailField(_("email"), unique=True)
    name = models.CharField(pgettext_lazy("person", "name"), max_length=150)
    job_title = models.CharField(_("job title"), max_length=150, blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    team = models.ForeignKey(
        Team, models.SET_NULL, verbose_name=_("team"), null=True, blank=True, related_name="members"
    )
    roles = models.ManyToManyField(Role, verbose_name=_("roles"), blank=True, related_name="users")
    language = models.CharField(
        _("language"), max_length=2, choices=[("en", "English"), ("ru", "Русский")], default="en"
    )
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    week_start = models.PositiveSmallIntegerField(
        _("week begins on"),
        # Not by Django's names of days, which begin sentences and would be overwritten.
        choices=[
            (0, pgettext_lazy("first day", "Monday")),
            (6, pgettext_lazy("first day", "Sunday")),
            (5, pgettext_lazy("first day", "Saturday")),
        ],
        default=0,
        db_default=0,
    )
    theme = models.CharField(_("theme"), max_length=5, choices=THEMES, default="auto")
    signature = models.TextField(_("signature"), blank=True)
    notify = models.JSONField(_("notification choices"), default=dict, blank=True)
    is_staff = models.BooleanField(_("administrator"), default=False)
    is_active = models.BooleanField(pgettext_lazy("person", "active"), default=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        ordering = ["name", "pk"]

    def __str__(self):
        return self.name or self.email

    def get_full_name(self):
        return self.name

    def get_short_name(self):
        return self.name.split(" ")[0] if self.name else self.email

    @cached_property
    def team_ids(self):
        """Keys of the user's team and those below it."""
        return self.team.branch_ids() if self.team_id else []

    def opened_ids(self, label, act):
        """Keys of the records of one model that somebody opened to this user by hand, to "view" or to "edit"."""
        return [pk for pk, can_edit in self._opened.get(label, ()) if can_edit or act == "view"]

    @cached_property
    def _opened(self):
        """All that is open to the user beside what the roles give, read once for a request."""
        found = {}
        for label, pk, can_edit in self.collaborations.values_list("target_type", "target_id", "can_edit"):
            found.setdefault(label, []).append((pk, can_edit))
        return found

    @cached_property
    def teams_above(self):
        """Keys of the teams that the user's team is part of, from the nearest up."""
        found, team = [], self.team
        while team is not None and team.parent_id and team.parent_id not in found:
            found.append(team.parent_id)
            team = team.parent
        return found

    @cached_property
    def role_codes(self):
        """Codes of the user's roles."""
        return {role.code for role in self._roles}

    def level(self, kind, act="view"):
        """The highest level any of the user's roles gives for `act` on `kind`; administrators have all."""
        if not self.is_active:
            return access.NONE
        if self.is_superuser:
            return access.ALL
        return max((role.level(kind, act) for role in self._roles), default=access.NONE)

    @cached_property
    def field_limits(self):
        """{kind: {field: level}} of the fields that the user may not change or not even see."""
        return {} if self.is_superuser else field_access.limits_of(self._roles)

    @cached_property
    def _roles(self):
        return list(self.roles.all())
