"""How static files are named and kept."""

from django.conf import settings
from django.contrib.staticfiles.storage import StaticFilesStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage

Storage = StaticFilesStorage if settings.DEBUG else CompressedManifestStaticFilesStorage
