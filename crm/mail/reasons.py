"""Why a letter did not go or waits: stored as a code, shown in the reader's language."""

from django.utils.translation import gettext_lazy as _

_words = {
    "bad_address": _("the address cannot be written to"),
    "confirmed": _("a person says it arrived"),
    "connection_lost": _("the connection broke while it was handed over"),
    "demo": _("the demo company writes to nobody outside"),
    "gave_up": _("the server kept putting it off"),
    "later": _("the server asks to try later"),
    "not_composed": _("the letter could not be made"),
    "nothing_to_send": _("what it was about is gone"),
    "refused": _("the server refused it"),
    "server_away": _("the mail server does not answer"),
    "sign_in": _("the mail server does not take the account"),
    "worker_died": _("the program ended while it was handed over"),
}


def declare_reasons(words):
    """Tell the words of further codes: {code: words}."""
    _words.update(words)


def reason_words(code):
    """The words of a code; what is no code is shown as it stands."""
    return str(_words.get(code, code))
