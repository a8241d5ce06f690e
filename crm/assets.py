"""`python -m crm.assets [collect]`: icons and translations, and with `collect` the static files, without any server."""

import os
import sys

from django.core.management import call_command

# Packages bring far more than pages load; some of it names files that are not there.
UNUSED = [
    "tabler-*", "*.rtl.*", "tabler.css*", "*.scss", "scss", "*.md", "LICENSE", "*.json", "*.ts", "modular", "ext", "extension",
    "htmx.amd.js", "htmx.cjs.js", "htmx.esm.*", "htmx.js", "Sortable.js", "echarts.common.*", "echarts.esm.*", "echarts.simple.*",
    "echarts.js*",
]  # fmt: skip

if __name__ == "__main__":
    import django

    # Building needs settings but neither a database nor a secret.
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")
    os.environ.setdefault("SECRET_KEY", "only-for-building-assets")
    os.environ.setdefault("DATABASE_URL", "postgres:///none")
    os.environ["STATIC_BUILT"] = "1"
    django.setup()
    call_command("build_icons")
    call_command("messages", compile=True)
    if "collect" in sys.argv:
        call_command("collectstatic", interactive=False, clear=True, verbosity=0, ignore_patterns=UNUSED)
