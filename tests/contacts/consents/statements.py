"""What the tests of consents share."""

from contacts.models import Consent

AD, PD = Consent.Purpose.ADVERTISING, Consent.Purpose.PERSONAL_DATA
