"""The files of a letter, kept with the row that shows it."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm import files

MOST_FILES = 50


def keep_files(letter, message):
    """Keep the files of a letter as those of `message`, which shows it. Returns sentences about those that are missing.

    Only pictures that the letter shows count as its pictures.
    """
    kept, missing = letter.files[: -1 if letter.is_cut else None][:MOST_FILES], []
    shown = letter.html.lower()
    for file in kept:
        try:
            kind = "inline" if file.is_picture and file.cid and f"cid:{file.cid.lower()}" in shown else "attachment"
            stored = files.store(file.content, file.name, target=message, kind=kind)
            if kind == "inline":
                message.images.append({"cid": file.cid, "file": str(stored.uuid)})
        except files.FileRefused as refusal:
            missing.append(str(refusal))
    message.save(update_fields=["images"])
    if letter.is_cut:
        missing.append(_("The letter is too large and was cut. Ask its sender to send the files another way."))
    elif count := len(letter.files) - len(kept) + letter.left_out:
        text = ngettext(
            "%(count)s more part of the letter stands only in its original.",
            "%(count)s more parts of the letter stand only in its original.",
            count,
        )
        missing.append(text % {"count": count})
    return missing
