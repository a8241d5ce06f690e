"""Typed readers for the environment. A secret may also come from the file named by NAME_FILE."""

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}


def text(name, default=None):
    """Value of NAME, else the content of the file in NAME_FILE, else `default`."""
    if name in os.environ:
        return os.environ[name]
    if file := os.environ.get(f"{name}_FILE"):
        try:
            return Path(file).read_text().strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE: cannot read {file}: {error.strerror}.") from error
    return default


def flag(name, default=False):
    """Yes or no. Raises ImproperlyConfigured for any other word."""
    value = text(name)
    if value is None:
        return default
    if value.lower() in _TRUE:
        return True
    if value.lower() in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}.")


def number(name, default=None):
    """A whole number. Raises ImproperlyConfigured for anything else."""
    value = text(name)
    if value is None:
        return default
    try:
        return int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.") from None


def words(name, default=()):
    """A list split at commas, blanks removed."""
    value = text(name)
    return [word.strip() for word in value.split(",") if word.strip()] if value else list(default)
