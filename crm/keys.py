"""What follows from SECRET_KEY, and outlives its change.

A new key goes to the front: `SECRET_KEY` new, `SECRET_KEY_FALLBACKS` old. What was signed or locked under an old one
stays good as long as that one is listed.
"""

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


def mark(purpose, text):
    """A keyed mark of 20 letters that nobody else can make."""
    return _mark(settings.SECRET_KEY, purpose, text)


def is_mark(given, purpose, text):
    """Whether `mark` made this, under the present key or an earlier one."""
    return any(hmac.compare_digest(given, _mark(key, purpose, text)) for key in _all())


def lasting_digest(text):
    """A keyed hash that stays the same when the key changes: made under the oldest key that is listed.

    For hashes that cannot be made anew, because what they were made of is not kept.
    """
    return hmac.new(_all()[-1].encode(), text.encode(), hashlib.sha256).hexdigest()


def box(purpose):
    """A cipher for secrets in the database: locks under the present key, opens under earlier ones too."""
    return MultiFernet(
        Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"{purpose}:{key}".encode()).digest())) for key in _all()
    )


def _all():
    return [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]


def _mark(key, purpose, text):
    return hmac.new(key.encode(), f"{purpose}:{text}".encode(), hashlib.sha256).hexdigest()[:20]
