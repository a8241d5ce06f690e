"""Forms of records that many people write: only what was changed in them is written."""

import json

from django import forms
from django.forms.widgets import ChoiceWidget
from django.utils.translation import gettext_lazy as _


class FieldWatchful:
    """Like `Watchful`, box by box, for a form of a record with many fields, its custom fields among them.

    The page carries what each box said when it was opened (`opened`, printed by `components/theirs.html`). A box that
    says the same when it comes back takes what stands there now and counts as unchanged. One that was changed here and
    by somebody else is refused once: what was written here is kept, `theirs` tells what the others wrote.

    Call `watch()` at the end of `__init__`. Whoever saves fetches the record locked: `fetch(…, lock=True)`.
    """

    opened = ""
    theirs = ()
    untouched = frozenset()

    def watch(self):
        if self.instance.pk is None:
            return
        parts = [self, *([self.custom] if self.custom is not None else [])]
        boxes = [Box(part, name) for part in parts for name in part.fields]
        if self.is_bound:
            self._compare(boxes, _read(self.data.get("opened", "")))
            for part in parts:
                part.data, part.untouched = self.data, self.untouched
        self.opened = json.dumps({box.name: box.present for box in boxes})

    def _compare(self, boxes, opened):
        data, untouched, theirs = self.data.copy(), set(), []
        for box in boxes:
            if box.name not in opened or not box.is_sent:
                continue
            if box.sent == opened[box.name]:
                untouched.add(box.name)
                data.setlist(box.name, box.present)
            elif box.present not in (opened[box.name], box.sent):
                theirs.append((box.field.label, box.present_words))
        self.data, self.untouched, self.theirs = data, frozenset(untouched), theirs

    @property
    def changed_data(self):
        return [name for name in super().changed_data if name not in self.untouched]

    def clean(self):
        # Also what its box cannot show, such as an owner who has left: rules look at what stands there.
        kept = self.untouched.intersection(self._meta.fields)
        self.cleaned_data |= {name: getattr(self.instance, name) for name in kept}
        data = super().clean()
        if self.theirs:
            raise forms.ValidationError(
                _("Somebody saved this while you were writing. Yours is kept below: save again to replace theirs.")
            )
        return data


class Box:
    """A box of a form. What it says is a list of texts, as a browser sends it, without empty ones."""

    def __init__(self, form, name):
        self.form, self.name, self.field = form, name, form.fields[name]
        self.offered = self._offered()
        self.present = self._present()

    @property
    def is_sent(self):
        # A browser sends nothing for boxes without a tick; the mark beside them says that they were shown.
        return not self.field.disabled and (self.name in self.form.data or f"{self.name}_shown" in self.form.data)

    @property
    def sent(self):
        return _texts(self.field.widget.value_from_datadict(self.form.data, self.form.files, self.name))

    @property
    def present_words(self):
        return ", ".join(str((self.offered or {}).get(text, text)) for text in self.present)

    def _offered(self):
        """{value: label} where one chooses, else None."""
        widget = self.field.widget
        return {str(key): label for key, label in widget.choices} if isinstance(widget, ChoiceWidget) else None

    def _present(self):
        """What an untouched browser sends for the record as it is. What a select does not offer it cannot send."""
        value = self.field.prepare_value(self.form.get_initial_for_field(self.field, self.name))
        texts = _texts(self.field.widget.format_value(value))
        if self.offered is None:
            return texts
        texts = [text for text in texts if text in self.offered]
        is_one = not self.field.widget.allow_multiple_selected
        return texts or (_texts(list(self.offered)[:1]) if is_one else [])


def _texts(value):
    values = value if isinstance(value, list) else [value]
    return [str(text).replace("\r\n", "\n") for text in values if text not in (None, "")]


def _read(text):
    """{name: texts} of what a page carried; {} when it is nothing that a page of ours says."""
    try:
        opened = json.loads(text)
    except ValueError:
        return {}
    return opened if isinstance(opened, dict) else {}
