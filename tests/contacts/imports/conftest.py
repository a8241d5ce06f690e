"""Files of an import lie in a folder of the test."""

import pytest


@pytest.fixture(autouse=True)
def _media(settings, tmp_path, workspace):
    settings.MEDIA_ROOT = tmp_path
