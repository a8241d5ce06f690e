from analytics.models.snapshot import ClvFit

__all__ = ["ClvFit"]
