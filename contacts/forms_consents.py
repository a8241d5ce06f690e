"""Forms of consents: a statement noted by hand, words in their versions, topics."""

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from contacts.models import Consent, Topic
from crm.forms import TwoColumns, one_line_only


class ConsentForm(forms.Form):
    """What somebody said about letters and data, noted by a colleague: with where and why, for it has to be proved."""

    purpose = forms.ChoiceField(label=_("What for"), choices=Consent.Purpose.choices)
    topic = forms.ChoiceField(label=pgettext_lazy("of letters", "Topic"), required=False)
    channel = forms.ChoiceField(label=_("Channel"), choices=Consent.Channel.choices, required=False)
    given = forms.ChoiceField(
        label=_("Statement"), choices=[("", "–"), ("1", _("Consent given")), ("0", _("Consent withdrawn"))]
    )
    source = forms.CharField(
        label=_("Where it was said"), max_length=200, help_text=_("A call, a letter, a signed form with its number.")
    )
    note = forms.CharField(label=_("Reason"), max_length=300, help_text=_("What was said, in a sentence."))

    def __init__(self, *args, contact, **kwargs):
        super().__init__(*args, **kwargs)
        topics = [(topic.code, topic.name) for topic in Topic.objects.all()]
        self.fields["topic"].choices = [("", _("All letters")), *topics]
        one_line_only(self)
        self.helper = TwoColumns(self, wide=["source", "note"])

    def clean(self):
        data = super().clean()
        if data.get("purpose") == Consent.Purpose.PERSONAL_DATA:
            data["topic"] = ""
        data["channel"] = data.get("channel") or Consent.Channel.EMAIL
        return data


class WordsForm(forms.Form):
    """The next version of the words of a consent."""

    text = forms.CharField(
        label=_("Words"),
        widget=forms.Textarea(attrs={"rows": 6}),
        max_length=4000,
        help_text=_("One purpose only: data and advertising each have words and a tick of their own."),
    )
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)
    newest = 0

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = TwoColumns(self, wide=["text"])

    def clean(self):
        data = super().clean()
        if data.get("seen") != self.newest:
            self.data = self.data.copy()
            self.data["seen"] = self.newest
            raise forms.ValidationError(
                _("Somebody kept other words meanwhile. Yours are below: save again to make them the next version.")
            )
        return data


class TopicForm(forms.ModelForm):
    class Meta:
        model = Topic
        fields = ["name_en", "name_ru", "text_en", "text_ru", "code", "position", "is_offered"]
        help_texts = {
            "code": _("Latin letters; what the ledger keeps. It stays once people have chosen."),
            "is_offered": _("People see it among their choices."),
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        one_line_only(self)
        if self.instance.pk and Consent.objects.filter(topic=self.instance.code).exists():
            self.fields["code"].disabled = True
        self.helper = TwoColumns(self)
