"""The proposal as PDF: typst sets a fixed template, the content comes in as JSON and is never part of the source."""

import json
from decimal import Decimal
from pathlib import Path

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import override

from crm.models import Workspace
from crm.money import format_money

TEMPLATE = Path(__file__).with_name("proposal.typ")


def render_pdf(version):
    """Bytes of the PDF of a version, in the version's language."""
    # Seven megabytes of a process, most of which never draw a proposal.
    import typst

    data = json.dumps(document(version), ensure_ascii=False)
    return typst.compile(str(TEMPLATE), root=str(TEMPLATE.parent), sys_inputs={"data": data})


def document(version):
    """All that stands in the document, every figure already written out as people read it."""
    company, deal = Workspace.get(), version.proposal.deal
    with override(version.language):
        return {
            "language": version.language,
            "company": company.name,
            "address": company.address,
            "contact": " · ".join(part for part in (company.phone, company.mail_from) if part),
            "number": version.proposal.number,
            "version": _("version %(n)d") % {"n": version.number},
            "title": version.proposal.title,
            "for": version.recipient,
            "date": _day(version.sent_at.date() if version.sent_at else version.created_at.date()),
            "intro": version.intro,
            "lines": [_line(line, version) for line in version.lines],
            "sums": _sums(version),
            "terms": [pair for pair in _terms(version) if pair[1]],
            "notes": version.terms,
            "owner": deal.owner.name if deal.owner else "",
            "owner_title": deal.owner.job_title if deal.owner else "",
            "words": {
                "proposal": _("Proposal"),
                "for": _("for"),
                "name": _("Item"),
                "qty": _("Qty"),
                "price": _("Price"),
                "discount": _("Disc."),
                "sum": _("Sum"),
                "terms": _("Terms"),
            },
        }


def discount_text(line, currency, language):
    """8 %, €120.00 or nothing, of a line as it stands in a version."""
    percent, amount = Decimal(line["discount_percent"]), Decimal(line["discount_amount"])
    if percent:
        return f"{number_text(line['discount_percent'], language)}\u00a0%"
    return format_money(amount, currency, language, cents=True) if amount else ""


def number_text(text, language):
    """A number with the language's decimal sign."""
    return str(text).replace(".", ",") if language == "ru" else str(text)


def _line(line, version):
    language, currency = version.language, version.currency
    return {
        "name": line["name"],
        "sku": line["sku"],
        "qty": f"{number_text(line['qty'], language)} {line['unit']}".strip(),
        "price": format_money(Decimal(line["price"]), currency, language, cents=True),
        "discount": discount_text(line, currency, language),
        "sum": format_money(Decimal(line["net"]), currency, language, cents=True),
    }


def _sums(version):
    """Rows below the lines: label, amount, whether it is the total."""

    def show(amount):
        return format_money(Decimal(amount), version.currency, version.language, cents=True)

    rows = [[_("Net"), show(version.net), False]]
    for tax in version.taxes:
        rate = number_text(tax["rate"], version.language)
        rows.append([_("VAT %(rate)s %%") % {"rate": rate}, show(tax["amount"]), False])
    return [*rows, [_("Total"), show(version.total), True]]


def _terms(version):
    return [
        [_("Valid until"), _day(version.valid_until) if version.valid_until else ""],
        [_("Payment"), version.payment],
        [_("Delivery"), version.delivery],
    ]


def _day(day):
    # E is the month as it stands after a day: "5 декабря", and plain "5 December" in English.
    return formats.date_format(day, "j E Y")
