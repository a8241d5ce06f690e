"""The board: lanes with true totals of the whole filter, and the first cards of each."""

from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Count, Sum

from crm.field_access import may_see
from deals.models import Deal, Stage

PAGE = 20
# What a card says of those it names; their other sixty columns would be read for each of a hundred cards.
NAMED = [
    *(f"contact__{name}" for name in ("first_name", "last_name", "email", "phone")),
    "company__name",
    *(f"owner__{name}" for name in ("name", "email")),
]


@dataclass
class Lane:
    """A stage with what stands in it: `count`, `total` and `weighted` are of the whole filter, `cards` the first.

    Sums are None for somebody who may not see what they add up.
    """

    stage: Stage
    count: int = 0
    total: Decimal | None = Decimal(0)
    weighted: Decimal | None = Decimal(0)
    cards: list = field(default_factory=list)
    offset: int = 0

    @property
    def more(self):
        """How many cards stand below those shown."""
        return max(0, self.count - self.offset - len(self.cards))


def lanes_of(stages, rows, user, *, cards=True):
    """Lanes of the open stages: one grouped query for all figures, one for all cards."""
    lanes = {stage.pk: Lane(stage) for stage in stages if not stage.is_closed}
    # By probability as well: what weighs is then known here, and an index alone answers.
    figures = rows.order_by().values("stage_id", "probability")
    for row in figures.annotate(n=Count("pk"), total=Sum("amount_base")):
        if lane := lanes.get(row["stage_id"]):
            chance = lane.stage.probability if row["probability"] is None else row["probability"]
            total = row["total"] or Decimal(0)
            lane.count, lane.total = lane.count + row["n"], lane.total + total
            lane.weighted += total * chance / 100
    _hide_sums(lanes.values(), user)
    if cards:
        filled = [lane.stage.pk for lane in lanes.values() if lane.count]
        for card in _first_cards(rows, filled, user):
            card.stage = lanes[card.stage_id].stage
            lanes[card.stage_id].cards.append(card)
    return list(lanes.values())


def _hide_sums(lanes, user):
    sees = may_see(user, "deal", "amount")
    weighs = sees and may_see(user, "deal", "probability")
    for lane in lanes:
        lane.total, lane.weighted = lane.total if sees else None, lane.weighted if weighs else None


def sum_of(lanes, name):
    """What the lanes have together of "total" or "weighted"; None where it is hidden."""
    parts = [getattr(lane, name) for lane in lanes]
    return None if None in parts else sum(parts)


def cards_of(rows, stage, user, offset):
    """The next page of one lane."""
    cards = list(_lane(rows, stage.pk, user)[offset : offset + PAGE])
    return Lane(stage, rows.filter(stage=stage).count(), cards=cards, offset=offset)


def place_between(deal, stage, above, below):
    """A position in the lane between two cards (either may be None), as far as they still stand in that stage.

    None when neither does: the card then goes on top.
    """
    wanted = [pk for pk in (above, below) if pk]
    places = dict(Deal.objects.filter(pk__in=wanted, stage=stage).exclude(pk=deal.pk).values_list("pk", "position"))
    top, bottom = places.get(above), places.get(below)
    if top is not None and bottom is not None:
        return (top + bottom) / 2 if top != bottom else top
    if top is not None:
        return top + 1
    return bottom - 1 if bottom is not None else None


def _first_cards(rows, stage_ids, user):
    if not stage_ids:
        return []
    first, *others = [_lane(rows, pk, user)[:PAGE] for pk in stage_ids]
    found = first.union(*others, all=True) if others else first
    # Each lane is cut by its own index; the union keeps no order.
    return sorted(found, key=lambda deal: (deal.stage_id, deal.position, deal.pk))


def _lane(rows, stage_id, user):
    rows = rows.filter(stage_id=stage_id).with_rights(user).select_related("contact", "company", "owner")
    rows = rows.only(*(field.name for field in Deal._meta.concrete_fields), *NAMED)
    return rows.order_by("position", "pk")
