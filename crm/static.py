"""How static files are named and kept."""

from django.conf import settings
from django.contrib.staticfiles.storage import StaticFilesStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage

Storage = CompressedManifestStaticFilesStorage if settings.STATIC_BUILT else StaticFilesStorage
