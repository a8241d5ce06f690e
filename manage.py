#!/usr/bin/env python
"""Django's command line for Rapport."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")
    if sys.argv[1:] == ["up"]:
        # Before Django: the settings need the servers that this brings.
        from crm.embedded.supervisor import main

        sys.exit(main())
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
