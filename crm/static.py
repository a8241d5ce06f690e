"""How static files are named and kept."""

from django.conf import settings
from django.contrib.staticfiles.storage import StaticFilesStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage

# How our modules import each other. Vendors' scripts are left as they are: theirs name files that they do not ship.
_IMPORTS = (
    (r'(?P<matched>import "(?P<url>\./[^"]+)";)', 'import "%(url)s";'),
    (r'(?P<matched>import (?P<names>\{[^}]*\}) from "(?P<url>\./[^"]+)";)', 'import %(names)s from "%(url)s";'),
)


class HashedStorage(CompressedManifestStaticFilesStorage):
    """Names carry a hash, in stylesheets and in the imports of our modules too, so browsers keep them for good."""

    patterns = (*CompressedManifestStaticFilesStorage.patterns, ("js/*.js", _IMPORTS))


Storage = HashedStorage if settings.STATIC_BUILT else StaticFilesStorage
