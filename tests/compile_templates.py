"""Compiles every template of ours."""

import django
from django.conf import settings
from django.template import engines

if __name__ == "__main__":
    django.setup()
    root = settings.BASE_DIR / "templates"
    for path in sorted(root.rglob("*.html")) + sorted(root.rglob("*.txt")) + sorted(root.rglob("*.mjml")):
        engines["django"].get_template(str(path.relative_to(root)))
