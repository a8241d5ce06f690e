"""Raw letters, as they come to the desk."""


def letter(
    body="Help, please.",
    *,
    sender="Ann Lee <ann@example.com>",
    subject="Zero after cleaning",
    to="support@halden.test",
    id="<1@example.com>",
    **headers,
):
    """A raw letter; header names with underscores."""
    head = {"From": sender, "To": to, "Subject": subject, "Date": "Mon, 23 Nov 2026 09:00:00 +0000"}
    if id:
        head["Message-ID"] = id
    head |= {name.replace("_", "-"): value for name, value in headers.items()}
    return (
        "\r\n".join(f"{name}: {value}" for name, value in head.items() if value is not None) + "\r\n\r\n" + body
    ).encode()
