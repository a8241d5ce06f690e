"""The left side of a comparison, wherever it stands: what the database has to compute for it, and by which index."""

from functools import reduce
from operator import or_

from django.db.models import Exists, F, JSONField, OuterRef, Q, Value
from django.db.models import fields as columns
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Cast, Coalesce
from django.db.models.lookups import IsNull

from crm.conditions import fields as registry
from crm.text import sort_key


def value_of(item, subject):
    """The value of a field as an expression, wherever it stands."""
    return Operand(item, subject).value


class Expression:
    """Something computed: comparisons are false where it is unknown."""

    def __init__(self, expression, output):
        self.expression, self.output = expression, output

    def test(self, lookup, value):
        lhs = self.expression
        if "output_field" not in getattr(lhs, "__dict__", {}):
            lhs = Cast(lhs, self.output)
        compare = self.output.get_lookup(lookup)
        return Q(compare(lhs, value)) & Q(IsNull(lhs, False))


class Operand:
    """The left side of a comparison: a column, a key of a JSON column, or an expression."""

    OUTPUT = {
        "text": columns.TextField(),
        "choice": columns.TextField(),
        "number": columns.DecimalField(max_digits=24, decimal_places=6),
        "money": columns.DecimalField(max_digits=24, decimal_places=6),
        "date": columns.DateField(),
        "datetime": columns.DateTimeField(),
        "boolean": columns.BooleanField(),
        "person": columns.BigIntegerField(),
        "record": columns.BigIntegerField(),
    }

    def __init__(self, field, subject):
        self.field, self.model = field, registry.subject_named(subject).model
        self.path = field.path or field.key or field.name
        # What stands in the data of an event is JSON.
        self.json = field.json or ("data" if subject.startswith("event:") else "")

    @property
    def value(self):
        """The value as an expression."""
        if self.field.expression:
            return self.field.expression()
        if self.json:
            text = KeyTextTransform(self.path, self.json)
            output = self.OUTPUT.get(self.field.kind, self.OUTPUT["text"])
            return text if isinstance(output, columns.TextField) else Cast(text, output)
        return F(self.path)

    @property
    def _plain(self):
        return not self.field.expression and not self.json

    def test(self, lookup, value):
        if self._plain:
            return Q(**{f"{self.path}__{lookup}": value})
        return Expression(self.value, self.OUTPUT[self.field.kind]).test(lookup, value) & self._nearly(lookup, value)

    def _nearly(self, lookup, value):
        """What follows for the stored value, from which the computed one strays only so far: an index finds that."""
        if not self.field.strays:
            return Q()
        least, most = self.field.strays
        return Q(**{f"{self.path}__{lookup}": value - (most if lookup in {"gt", "gte"} else least)})

    def text_test(self, name, value):
        lookup = {"is": "exact", "any_of": "in", "contains": "contains", "starts": "startswith"}[name]
        if self.field.key:
            keys = [sort_key(v) for v in value] if name == "any_of" else sort_key(value)
            return Q(**{f"{self.field.key}__{lookup}": keys})
        if self.field.normal:
            value = [self.field.normal(v) for v in value] if name == "any_of" else self.field.normal(value)
        if self.field.exact or self.field.normal:
            return self.test(lookup, value)
        if name == "any_of":
            return reduce(or_, [self.test("iexact", v) for v in value])
        return self.test("i" + lookup, value)

    def set_test(self, name, values):
        if self.json:
            lookup = {"has_any": "has_any_keys", "has_all": "has_keys"}[name]
            held = KeyTransform(self.path, self.json)
            return Q(JSONField().get_lookup(lookup)(held, [str(v) for v in values])) & Q(IsNull(held, False))
        return Q(**{f"{self.path}__{'overlap' if name == 'has_any' else 'contains'}": values})

    def empty(self):
        if self.field.kind in {"tags", "choices"}:
            if self.json:
                held = KeyTextTransform(self.path, self.json)
                return Q(
                    columns.TextField().get_lookup("in")(
                        Coalesce(held, Value(""), output_field=columns.TextField()), ["", "[]"]
                    )
                )
            return Q(**{self.path: []}) | Q(**{f"{self.path}__isnull": True})
        textual = self.field.kind in {"text", "choice"}
        if not self._plain:
            if self.json:
                # An unreadable value is not an empty one: ask the text itself, before any cast.
                text = Coalesce(KeyTextTransform(self.path, self.json), Value(""), output_field=columns.TextField())
                return Q(columns.TextField().get_lookup("exact")(text, ""))
            unknown = Q(IsNull(self.value, True))
            return unknown | self.test("exact", "") if textual else unknown
        if (rows := self._beside()) is not None:
            # Rows that most do not have: of a join with nothing the database expects nothing, and reads it all.
            return ~Q(Exists(rows))
        unknown = Q(**{f"{self.path}__isnull": True})
        return unknown | Q(**{self.path: ""}) if textual and self._holds_text else unknown

    def _beside(self):
        """Where the value stands in a row of another table that may be missing: the row that holds one, else None."""
        relation, _, column = self.path.rpartition("__")
        step = relation and "__" not in relation and self.model._meta.get_field(relation)
        if not step or not step.one_to_one or step.concrete:
            return None
        rows = step.related_model._base_manager.filter(**{step.field.name: OuterRef("pk")})
        return rows.filter(**{f"{column}__isnull": False})

    @property
    def _holds_text(self):
        """Whether the column can be an empty text: a choice may also be a number or point at a row."""
        model, *parts = [self.model, *self.path.split("__")]
        for part in parts[:-1]:
            model = model._meta.get_field(part).related_model
        return isinstance(model._meta.get_field(parts[-1]), columns.CharField | columns.TextField)
