"""Forms of campaigns."""

from django import forms
from django.utils.translation import gettext_lazy as _

from campaigns.models import GuideForm, HandOffRule, Letter, ScoreRule, Segment, Sequence, Suppression
from campaigns.services import letters, segments
from contacts.services.points import PointRefused, normalise
from crm import conditions
from crm.forms import Plain, Watchful
from crm.text import norm_email


class SegmentForm(forms.ModelForm):
    """A name and a condition as JSON, as the builder wrote it."""

    f = forms.CharField(required=False)

    class Meta:
        model = Segment
        fields = ["name"]

    def __init__(self, *args, user, **kwargs):
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_f(self):
        try:
            tree = conditions.parse_text(self.cleaned_data["f"], "contact", user=self.user)
        except conditions.ConditionError as error:
            raise forms.ValidationError(error.message)
        if conditions.is_empty(tree):
            raise forms.ValidationError(_("Say who belongs to it: a segment needs a condition."))
        if self.instance.pk and (way := segments.circle(self.instance, tree)):
            raise forms.ValidationError(
                _("Segments that ask about each other in a circle never come to rest: %(way)s. Take one question out.")
                % {"way": " → ".join(way)}
            )
        return tree

    def save(self, commit=True):
        if self.instance.tree != self.cleaned_data["f"]:
            # The kept number is of the old condition: nobody has been counted by the new one.
            self.instance.built_at = None
        self.instance.tree = self.cleaned_data["f"]
        self.instance.error = ""
        return super().save(commit)


class SequenceForm(Watchful, forms.ModelForm):
    class Meta:
        model = Sequence
        fields = ["name", "segment", "topic", "exit_on_deal", "exit_on_reply"]

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["segment"].queryset = Segment.objects.visible_to(user)


class LetterForm(Watchful, forms.ModelForm):
    class Meta:
        model = Letter
        fields = ["name", "language", "subject", "preheader", "body"]
        widgets = {"body": forms.Textarea(attrs={"rows": 14})}

    def clean_subject(self):
        return self._with_holes(" ".join(self.cleaned_data["subject"].split()))

    def clean_body(self):
        return self._with_holes(self.cleaned_data["body"])

    @staticmethod
    def _with_holes(text):
        """Every hole is one that can be filled in, and says what stands there when the person has nothing to put in."""
        unknown, bare = letters.faulty_holes(text)
        if unknown:
            raise forms.ValidationError(
                _("%(hole)s cannot be filled in. These can: %(known)s.")
                % {"hole": unknown[0], "known": ", ".join(f"{{{name}}}" for name in letters.HOLES)}
            )
        if bare:
            raise forms.ValidationError(
                _("Some people have nothing for {%(hole)s}. Say what stands there instead: {%(hole)s|…}.")
                % {"hole": bare[0]}
            )
        return text


class WaitForm(forms.Form):
    """A wait in days, hours and minutes."""

    days = forms.IntegerField(min_value=0, max_value=365, required=False)
    hours = forms.IntegerField(min_value=0, max_value=23, required=False)
    minutes = forms.IntegerField(min_value=0, max_value=59, required=False)

    def clean(self):
        data = super().clean()
        data["wait"] = (data.get("days") or 0) * 1440 + (data.get("hours") or 0) * 60 + (data.get("minutes") or 0)
        if not self.errors and not data["wait"]:
            raise forms.ValidationError(_("Say how long to wait."))
        return data


class TestLetterForm(forms.Form):
    """An address for a test. One that wants no letters gets none, unless it is one's own."""

    email = forms.EmailField()

    def __init__(self, *args, user, **kwargs):
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_email(self):
        email = self.cleaned_data["email"]
        own = norm_email(email) == norm_email(self.user.email)
        if not own and Suppression.of(email):
            raise forms.ValidationError(_("This address wants no letters: send the test to another one."))
        return email


class GuideEditForm(Plain, forms.ModelForm):
    class Meta:
        model = GuideForm
        fields = [
            "title", "slug", "language", "law", "text", "content", "topic", "double_opt_in", "personal_data_text",
            "advertising_text", "is_open",
        ]  # fmt: skip
        widgets = {
            "text": forms.Textarea(attrs={"rows": 3}),
            "content": forms.Textarea(attrs={"rows": 10}),
            "personal_data_text": forms.Textarea(attrs={"rows": 2}),
            "advertising_text": forms.Textarea(attrs={"rows": 2}),
        }


class DownloadForm(forms.Form):
    """What a visitor gives for a guide. `website` is bait for machines: people do not see it."""

    name = forms.CharField(label=_("Name"), max_length=150, required=False)
    email = forms.CharField(label=_("Email"), max_length=254)
    personal_data = forms.BooleanField(
        error_messages={"required": _("Without this consent we may not keep your address.")}
    )
    advertising = forms.BooleanField(required=False)
    website = forms.CharField(required=False)

    def clean_email(self):
        try:
            return normalise("email", self.cleaned_data["email"])
        except PointRefused as refusal:
            raise forms.ValidationError(str(refusal))


class HandOffForm(Plain, forms.ModelForm):
    class Meta:
        model = HandOffRule
        fields = ["threshold", "again_below", "is_active"]

    def clean(self):
        data = super().clean()
        if data.get("again_below", 0) >= data.get("threshold", 1):
            self.add_error("again_below", _("This must be lower than the score from which contacts are handed over."))
        return data


class ScoreRuleForm(Plain, forms.ModelForm):
    class Meta:
        model = ScoreRule
        fields = ["label", "points", "half_life", "cap"]
