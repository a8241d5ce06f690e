"""How people sign in: by invitation only, with the program's own words and looks."""

from allauth.account import forms
from allauth.account.adapter import DefaultAccountAdapter


class AccountAdapter(DefaultAccountAdapter):
    """Nobody signs up: people are invited."""

    def is_open_for_signup(self, request):
        return False


class _Quiet:
    """A form without placeholders: they repeat the labels."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)


class SignInForm(_Quiet, forms.LoginForm):
    pass


class ChangePasswordForm(_Quiet, forms.ChangePasswordForm):
    pass


class ResetPasswordForm(_Quiet, forms.ResetPasswordForm):
    pass


class ResetPasswordKeyForm(_Quiet, forms.ResetPasswordKeyForm):
    pass


class ReauthenticateForm(_Quiet, forms.ReauthenticateForm):
    pass
