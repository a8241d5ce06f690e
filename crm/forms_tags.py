"""Forms of tags."""

from django import forms
from django.utils.translation import gettext_lazy as _

from crm import tags
from crm.forms import Plain
from crm.models import Tag


def _name(**kwargs):
    return forms.CharField(max_length=tags.LONGEST, **kwargs)


class NameMixin:
    """A name as tags are kept; commas part tags where several are typed, so none stands in one."""

    def clean_name(self):
        name = tags.cleaned(self.cleaned_data["name"])
        if "," in name:
            raise forms.ValidationError(_("A tag has no comma: commas part one tag from the next."))
        return name


class TagForm(Plain, NameMixin, forms.ModelForm):
    """Name and colour. Another name is written by `crm.tags`, not by the form."""

    name = _name(label=_("Name of the tag"))

    class Meta:
        model = Tag
        fields = ["name", "colour"]

    def validate_unique(self):
        """Nothing: the name of another tag means that the two become one."""

    def _post_clean(self):
        """Nothing: `crm.tags` writes."""


class MergeForm(NameMixin, forms.Form):
    name = _name(label=_("They all become"), help_text=_("One of them, or another name."))
