"""The mailbox of the desk."""

import pytest

from tickets.models import Mailbox


@pytest.fixture
def support(workspace, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return Mailbox.objects.create(name="Halden Support", address="support@halden.test")
