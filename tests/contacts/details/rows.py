"""What the tests of details share."""

from django.urls import reverse

HTMX = {"HTTP_HX_REQUEST": "true"}


def post_row(client, owner, name, data, row=None):
    kind = owner._meta.model_name
    url = (
        reverse("contacts:row", args=[kind, owner.pk, name, row.pk])
        if row
        else reverse("contacts:rows", args=[kind, owner.pk, name])
    )
    return client.post(url, data, **HTMX)
